import { BENCHED, measureDecisions, measureFit } from './measure.ts';

// One measurement in a process of its own: `fit <router> <file> <rows>` or `decide <router> <file>`. Prints JSON.
const [what, name, file = '', rows] = process.argv.slice(2);
const trainable = BENCHED.find((one) => one.name === name);
if (trainable === undefined) throw new Error(`there is no router ${name}`);
console.log(
  JSON.stringify(
    what === 'fit' ? await measureFit(trainable, Number(rows), file) : await measureDecisions(trainable, file),
  ),
);
