import { defineCommand } from 'citty';
import { buildCatalog } from '../catalog/build.ts';
import { artifactText, inspectArtifacts } from './artifacts.ts';
import { callerKeyNotes } from './caller-keys.ts';
import { print, printJson, table } from './print.ts';
import { findSource, SOURCE_ARGS } from './source.ts';

const orUnknown = (value: number | undefined): string => (value === undefined ? 'unknown' : String(value));

export const models = defineCommand({
  meta: {
    name: 'models',
    description: 'List models with upstreams, prices (USD per million tokens) and where the prices come from',
  },
  args: SOURCE_ARGS,
  async run({ args }) {
    const { loaded, from } = await findSource(args);
    const catalog = await buildCatalog(loaded.config);
    const artifacts = await inspectArtifacts(loaded, catalog);
    if (args.json === true) {
      const data = catalog.models.map((model) => ({
        ...model,
        capabilities: [...model.capabilities],
      }));
      return printJson({ data, artifacts });
    }
    const rows = catalog.models.flatMap((model) =>
      model.upstreams.map((upstream, i) => [
        i === 0 ? model.id : '',
        upstream.id,
        upstream.price === null ? 'unknown' : String(upstream.price.input),
        upstream.price === null ? 'unknown' : String(upstream.price.output),
        upstream.price === null ? '' : `${upstream.price.provenance.source} ${upstream.price.provenance.date}`,
        i === 0 ? orUnknown(model.contextWindow) : '',
        i === 0 ? orUnknown(model.quality) : '',
        i === 0 ? (model.capabilitiesKnown ? [...model.capabilities].join(' ') || 'text' : 'unknown') : '',
      ]),
    );
    print(
      from,
      ...callerKeyNotes(loaded.config),
      ...artifacts.map((one) => `${one.setting}: ${'error' in one ? one.error : artifactText(one.summary)}`),
      '',
      table(
        [
          { title: 'model' },
          { title: 'upstream' },
          { title: 'in', align: 'right' },
          { title: 'out', align: 'right' },
          { title: 'price from' },
          { title: 'window', align: 'right' },
          { title: 'quality', align: 'right' },
          { title: 'capabilities' },
        ],
        rows,
      ),
    );
  },
});
