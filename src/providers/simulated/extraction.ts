import { pick, whole } from './random.ts';
import type { TaskFamily } from './task.ts';

const CITIES = ['Lisbon', 'Osaka', 'Quito', 'Tallinn', 'Accra', 'Hobart'] as const;
const NAMES = ['Noor Haddad', 'Elif Kaya', 'Ravi Menon', 'Greta Lund', 'Paulo Reis', 'Hana Mori'] as const;
const FIELDS = ['order number', 'city', 'customer', 'total', 'delivery date'] as const;
const LINE = /^Record (\d+): order number (\S+), customer ([^,]+), city ([^,]+), total (\S+), delivery date (\S+)$/gm;
const ASK = /^From the records below, give the ([a-z ]+) of record (\d+)\./;

/** Finding one field among records: more records are harder. */
export const extraction: TaskFamily = {
  topic: 'extraction',
  write(random, difficulty) {
    const count = 1 + Math.round(difficulty * 11);
    const records = Array.from({ length: count }, (_, i) => {
      const date = `2027-${String(whole(random, 1, 12)).padStart(2, '0')}-${String(whole(random, 1, 28)).padStart(2, '0')}`;
      return `Record ${i + 1}: order number ${whole(random, 1000, 9999)}-${whole(random, 10, 99)}, customer ${pick(random, NAMES)}, city ${pick(random, CITIES)}, total ${whole(random, 5, 900)}.${whole(random, 10, 99)}, delivery date ${date}`;
    });
    return `From the records below, give the ${pick(random, FIELDS)} of record ${whole(random, 1, count)}. Answer with it alone.\n\n${records.join('\n')}`;
  },
  solve(prompt) {
    const ask = ASK.exec(prompt);
    if (ask === null) return undefined;
    const rows = [...prompt.matchAll(LINE)].map(([, id, order, customer, city, total, date]) => ({
      id,
      fields: { 'order number': order, customer, city, total, 'delivery date': date } as Readonly<
        Record<string, string | undefined>
      >,
    }));
    const field = ask[1] ?? '';
    const answer = rows.find((row) => row.id === ask[2])?.fields[field];
    if (answer === undefined) return undefined;
    const other = rows.find((row) => row.fields[field] !== answer)?.fields[field];
    return {
      topic: 'extraction',
      difficulty: Math.min(1, (rows.length - 1) / 11),
      answer,
      wrong: other ?? `${answer.slice(0, -1)}?`,
    };
  },
};
