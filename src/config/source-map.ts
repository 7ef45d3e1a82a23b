import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml';
import { expand, missingAdvice, refersToEnvironment, type Environment } from './environment.ts';
import type { ConfigPath, ConfigProblem } from './problem.ts';

/** Line and column, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** YAML text read, its references to the environment replaced, with the place of each value. */
export interface ReadYaml {
  readonly value: unknown;
  /** Faults of the text itself. */
  readonly faults: readonly { readonly place: Place; readonly message: string }[];
  /** References to variables that are not set. */
  readonly problems: readonly ConfigProblem[];
  /** Where a value stands; the nearest enclosing one when it is not there. */
  placeOf(path: ConfigPath, atKey: boolean): Place;
}

function pathOf(key: unknown, ancestors: readonly unknown[]): ConfigPath {
  const path: (string | number)[] = [];
  for (const [i, node] of ancestors.entries()) {
    const child: unknown = ancestors[i + 1];
    if (isSeq(node)) path.push(child === undefined ? Number(key) : node.items.indexOf(child));
    else if (isPair(node)) path.push(isScalar(node.key) ? String(node.key.value) : '');
  }
  return path;
}

/** A plain scalar may be a number or a flag after its references were replaced: `port: ${PORT}`. Nothing else changes. */
function typed(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text !== '' && String(number) === text ? number : text;
}

function expandAll(document: Document.Parsed, env: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !refersToEnvironment(node.value)) return;
      const { text, missing } = expand(node.value, env);
      if (missing.length > 0) problems.push({ path: pathOf(key, ancestors), message: missingAdvice(missing) });
      node.value = node.type === 'PLAIN' ? typed(text) : text;
    },
  });
  return problems;
}

function startOf(node: unknown): number | undefined {
  const range = (node as Node | undefined)?.range;
  return range?.[0];
}

/** Offset of a path's value, or of its key; as far down as the document goes. */
function offsetOf(document: Document.Parsed, path: ConfigPath, atKey: boolean): number {
  let offset = startOf(document.contents) ?? 0;
  let node: unknown = document.contents;
  for (const [i, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (pair === undefined) return offset;
      const last = i === path.length - 1;
      offset = startOf(last && atKey ? pair.key : (pair.value ?? pair.key)) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

/** Reads YAML (or JSON, which is YAML). Never throws. */
export function readYaml(text: string, env: Environment): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults = document.errors.map((error) => ({ place: at(error.pos[0]), message: error.message }));
  if (faults.length > 0) return { value: undefined, faults, problems: [], placeOf: () => at(0) };
  const problems = expandAll(document, env);
  let value: unknown;
  try {
    // Aliases are allowed a few uses: a small file must not grow without bound.
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    faults.push({ place: at(0), message: error instanceof Error ? error.message : String(error) });
  }
  return { value, faults, problems, placeOf: (path, atKey) => at(offsetOf(document, path, atKey)) };
}
