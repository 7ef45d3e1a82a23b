import { fork, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../telemetry/log.ts';
import { isTaken, type Given } from './connection.ts';
import { createLine, type Line, type Pipe } from './line.ts';
import type { PrimaryTasks, WorkerTasks } from './protocol.ts';

/** A worker that has lived so long was well, milliseconds. */
const WELL_MS = 10_000;
const FIRST_WAIT_MS = 100;
const LAST_WAIT_MS = 10_000;
/** Starts in a row that fail, with no worker left, after which there is no point. */
const MAX_FAILURES = 5;
/** After being told to stop a worker may take so long, milliseconds; its requests have 30 s to end. */
const STOP_MS = 40_000;

/** One worker process. */
export interface Hand {
  /** Counts up over all workers that ever were. */
  readonly id: number;
  readonly line: Line<WorkerTasks>;
}

export interface CrewOptions<Started> {
  readonly size: number;
  readonly log: Log;
  readonly tasks: PrimaryTasks;
  /** A new process: what makes a worker of it. */
  readonly start: (hand: Hand) => Promise<Started>;
  /** There is nobody for a connection any more. */
  readonly back: (socket: Socket) => void;
  /** A worker serves, or is gone. */
  readonly came: () => void;
  readonly gone: (hand: Hand) => void;
}

/** Worker processes that are replaced when they die. */
export interface Crew<Started> {
  /** Those that serve. */
  hands(): readonly Hand[];
  /** Starts all of them. Rejects when one of them cannot. */
  start(): Promise<Started>;
  /** Gives a connection to the next worker. False while none serves. */
  give(socket: Socket): boolean;
  /** Rejects when there is no worker left and none can be started. */
  readonly lost: Promise<never>;
  /** Ends a worker at once; another one takes its place. */
  end(hand: Hand): void;
  /** Drains and ends all of them. */
  stop(): Promise<void>;
}

interface Member {
  readonly hand: Hand;
  readonly child: ChildProcess;
  /** Connections that it has not taken yet. */
  readonly given: Map<number, Socket>;
  serves: boolean;
}

function pipeOf(child: ChildProcess): Pipe {
  /** Until it has said its first word: whatever comes before it listens is lost. */
  let waiting: object[] | undefined = [];
  // It may die between a look at whether it lives and what is said.
  const send = (message: object) => void (child.connected && child.send(message, () => {}));
  child.once('message', () => {
    for (const message of waiting ?? []) send(message);
    waiting = undefined;
  });
  return {
    send(message) {
      if (waiting === undefined) send(message);
      else waiting.push(message);
    },
    onMessage: (heard) => void child.on('message', heard),
    onClose: (gone) => void child.once('disconnect', gone),
  };
}

/** Gives a connection to a worker; it stays open until it is taken: whoever dies before has read nothing of it. */
function giveTo({ child, given }: Member, number: number, socket: Socket, failed: () => void): void {
  given.set(number, socket);
  child.send({ kind: 'connection', number } satisfies Given, socket, { keepOpen: true }, (error) => {
    if (error !== null && given.delete(number)) failed();
  });
}

/** What a worker has taken is its own. */
function followTaken({ child, given }: Member): void {
  child.on('message', (message) => {
    if (!isTaken(message)) return;
    given.get(message.number)?.destroy();
    given.delete(message.number);
  });
}

/** Makes a {@link Crew}. Its workers run what lies beside the command that serves, compiled or not. */
export function createCrew<Started>(options: CrewOptions<Started>): Crew<Started> {
  const { size, log, tasks } = options;
  const program = fileURLToPath(new URL(`../cli/serve-worker${extname(import.meta.url)}`, import.meta.url));
  const members: Member[] = [];
  let hired = 0;
  let turn = 0;
  let connections = 0;
  let stopping = false;
  let failures = 0;
  let lose: (error: Error) => void = () => {};
  const lost = new Promise<never>((_resolve, reject) => (lose = reject));
  lost.catch(() => {});
  const serving = () => members.filter(({ serves }) => serves);

  const give = (socket: Socket): boolean => {
    const able = serving().filter(({ child }) => child.connected);
    const member = able[turn++ % Math.max(1, able.length)];
    if (member === undefined) return false;
    giveTo(member, ++connections, socket, () => {
      if (!give(socket)) options.back(socket);
    });
    return true;
  };
  const buried = (member: Member): void => {
    members.splice(members.indexOf(member), 1);
    options.gone(member.hand);
    for (const socket of member.given.values()) if (!give(socket)) options.back(socket);
  };

  /** Starts one; resolves when it serves, rejects when it cannot or dies before. */
  const hire = (): Promise<Started> => {
    const child = fork(program, [], { serialization: 'advanced' });
    const hand: Hand = { id: ++hired, line: createLine<WorkerTasks, PrimaryTasks>(pipeOf(child), tasks) };
    const member: Member = { hand, child, given: new Map(), serves: false };
    const born = performance.now();
    members.push(member);
    followTaken(member);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.once('exit', (code, signal) => {
        buried(member);
        if (!member.serves) reject(new Error(`a worker ended before it served (${signal ?? `exit ${code}`})`));
        else if (!stopping) {
          log.error({ worker: child.pid, code, signal }, 'a worker has died: another one takes its place');
          if (performance.now() - born > WELL_MS) failures = 0;
          replace();
        }
      });
      const begun = (started: Started) => {
        member.serves = true;
        resolve(started);
      };
      options.start(hand).then(begun, (error: unknown) => {
        reject(error);
        child.kill('SIGKILL');
      });
    });
  };
  const replaced = (): void => {
    log.info({ workers: serving().length }, 'a worker has taken the place of one that died');
    options.came();
  };
  const notReplaced = (error: unknown): void => {
    if (stopping) return;
    const why = error instanceof Error ? error : new Error(String(error));
    log.error({ error: why.message }, 'a worker could not be started');
    if (serving().length === 0 && failures >= MAX_FAILURES) lose(why);
    else replace();
  };
  const replace = (): void => {
    const wait = failures === 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** failures, LAST_WAIT_MS);
    failures++;
    setTimeout(() => {
      if (!stopping) hire().then(replaced, notReplaced);
    }, wait);
  };

  return {
    hands: () => serving().map(({ hand }) => hand),
    lost,
    give,
    async start() {
      const [first] = await Promise.all(Array.from({ length: size }, hire));
      if (first === undefined) throw new Error('a crew has at least one worker');
      options.came();
      return first;
    },
    end: (hand) => void members.find((member) => member.hand === hand)?.child.kill('SIGKILL'),
    async stop() {
      stopping = true;
      const ended = members.map(({ child }) => new Promise((resolve) => child.once('exit', resolve)));
      const end = () => {
        for (const { child } of members) child.kill('SIGKILL');
      };
      const patience = setTimeout(end, STOP_MS);
      for (const { hand, child, serves } of members) {
        if (serves) hand.line.ask('stop', null).catch(() => {});
        else child.kill('SIGKILL');
      }
      await Promise.all(ended);
      clearTimeout(patience);
    },
  };
}
