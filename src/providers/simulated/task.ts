/** What a simulated model sees in a prompt that it recognises. */
export interface Solved {
  readonly topic: string;
  /** 0 (trivial) to 1 (hard). */
  readonly difficulty: number;
  readonly answer: string;
  /** A plausible wrong answer. */
  readonly wrong: string;
}

/** A task whose answer can be checked. */
export interface Task {
  readonly topic: string;
  readonly difficulty: number;
  readonly prompt: string;
  readonly answer: string;
  /** Whether a reply holds the answer. */
  check(reply: string): boolean;
}

/** A family of generated tasks: writes prompts and reads them back. */
export interface TaskFamily {
  readonly topic: string;
  /** A prompt of about this difficulty, 0..1. */
  write(random: () => number, difficulty: number): string;
  /** What the prompt asks, worked out from its words alone; undefined for a prompt of another family. */
  solve(prompt: string): Solved | undefined;
}
