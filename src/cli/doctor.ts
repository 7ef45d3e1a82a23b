import { defineCommand } from 'citty';
import { access, constants } from 'node:fs/promises';
import { foreseenRefusal } from '../access/bind.ts';
import { buildCatalog } from '../catalog/build.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { priceTrouble, staleText } from '../catalog/price-age.ts';
import type { LoadedConfig } from '../config/load.ts';
import { pathText } from '../config/problem.ts';
import { embeddersOf } from '../config/references.ts';
import type { Config } from '../config/schema.ts';
import { makeJournalFolder } from '../ledger/journal-file.ts';
import { openStore, shownUrl } from '../ledger/open-store.ts';
import { systemClock } from '../clock.ts';
import { createEmbedder } from '../providers/embedders/registry.ts';
import { createProviders } from '../providers/registry.ts';
import { createTransport } from '../providers/transport.ts';
import { openState } from '../state/open-state.ts';
import { silentLog } from '../telemetry/log.ts';
import { adminKeyOf } from './admin-key.ts';
import { artifactText, embedderNotes, inspectArtifacts } from './artifacts.ts';
import { print, printJson } from './print.ts';
import { unlistedModels } from './listed-models.ts';
import { findSource, SOURCE_ARGS } from './source.ts';

/** One finding. `warn` does not fail the command. */
interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

const CHECK_MS = 5000;

async function checkProviders(config: Config, catalog: Catalog): Promise<Finding[]> {
  const transport = createTransport();
  try {
    const providers = createProviders(config.providers, { transport, clock: systemClock, random: Math.random });
    const found = await Promise.all(
      [...providers.values()].map(async (provider): Promise<Finding[]> => {
        const { ok, detail, models } = await provider.check(AbortSignal.timeout(CHECK_MS));
        // Azure lists what can be deployed, and is asked by the names of deployments.
        const named = config.providers[provider.name]?.kind !== 'azure';
        const unlisted = named ? unlistedModels(catalog, provider.name, models ?? []) : [];
        return [
          { what: `provider ${provider.name}`, state: ok ? 'ok' : 'fail', detail },
          ...unlisted.map(
            ({ model, trouble }) => ({ what: `model ${model}`, state: 'warn', detail: trouble }) as const,
          ),
        ];
      }),
    );
    return found.flat();
  } finally {
    await transport.close();
  }
}

/** One short text through each embedder: costs a token, and shows whether its deadline is long enough. */
async function checkEmbedders(config: Config): Promise<Finding[]> {
  const transport = createTransport();
  try {
    const found = await Promise.all(
      embeddersOf(config).map(async ([path, settings]): Promise<Finding | undefined> => {
        const embedder = createEmbedder(settings, config.providers, transport);
        if (embedder === undefined) return undefined;
        const what = `embedder ${embedder.name} (${pathText(path)})`;
        try {
          await embedder.embed(['signalbox doctor'], AbortSignal.timeout(CHECK_MS));
          const started = systemClock.elapsed();
          await embedder.embed(['signalbox doctor again'], AbortSignal.timeout(CHECK_MS));
          const ms = Math.round(systemClock.elapsed() - started);
          const late = ms > settings.deadline;
          const advice = late ? `, more than its deadline of ${settings.deadline} ms: requests go without` : '';
          return {
            what,
            state: late ? 'warn' : 'ok',
            detail: `${embedder.dim ?? 0} dimensions in ${ms} ms${advice}`,
          };
        } catch (error) {
          return { what, state: 'fail', detail: error instanceof Error ? error.message : String(error) };
        } finally {
          await embedder.close?.();
        }
      }),
    );
    return found.flatMap((finding) => finding ?? []);
  } finally {
    await transport.close();
  }
}

async function checkArtifacts(loaded: LoadedConfig, catalog: Catalog): Promise<Finding[]> {
  const artifacts = await inspectArtifacts(loaded, catalog);
  const findings = artifacts.map((one): Finding => {
    const what = `artifact ${one.setting}`;
    return 'error' in one
      ? { what, state: 'fail', detail: one.error }
      : { what, state: one.summary.unknown.length > 0 ? 'warn' : 'ok', detail: artifactText(one.summary) };
  });
  const idle = embedderNotes(loaded, artifacts).map((detail): Finding => ({ what: 'embedder', state: 'warn', detail }));
  return [...findings, ...idle];
}

function checkPrices(catalog: Catalog, { prices }: Config): Finding[] {
  const unknown = catalog.models.flatMap((model) =>
    model.upstreams
      .filter((upstream) => upstream.price === null)
      .map((upstream): Finding => ({
        what: `price of ${model.id}`,
        state: 'warn',
        detail: `unknown for ${upstream.id}: it sorts as the dearest and its cost is not counted; set models[].price`,
      })),
  );
  const stale = staleText(priceTrouble(catalog.models, prices.staleAfter, systemClock.now()));
  return stale === undefined ? unknown : [...unknown, { what: 'prices', state: 'warn', detail: stale }];
}

async function checkStorage({ storage }: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    makeJournalFolder(storage.journal);
    await access(storage.journal, constants.W_OK);
    const store = await openStore(storage.url, { clock: systemClock });
    findings.push({
      what: 'ledger',
      state: 'ok',
      detail: `${shownUrl(storage.url)} opened with ${store.driver}; journal ${storage.journal} is writable`,
    });
    await store.close();
  } catch (error) {
    findings.push({ what: 'ledger', state: 'fail', detail: error instanceof Error ? error.message : String(error) });
  }
  return findings;
}

/** Whether the Redis that replicas share answers. */
async function checkRedis({ storage: { redis } }: Config): Promise<Finding[]> {
  if (redis === null) return [];
  const what = 'redis';
  try {
    const state = await openState({ redis }, { clock: systemClock, log: silentLog });
    const trouble = state.trouble();
    await state.close();
    const alone = 'each process would grant its own share of limits';
    return [
      trouble === null
        ? { what, state: 'ok', detail: 'answers' }
        : { what, state: 'warn', detail: `${trouble}: ${alone}` },
    ];
  } catch (error) {
    return [{ what, state: 'fail', detail: error instanceof Error ? error.message : String(error) }];
  }
}

const SIGN = { ok: '✓', warn: '!', fail: '✗' } as const;

export const doctor = defineCommand({
  meta: { name: 'doctor', description: 'Check the configuration, keys, connectivity, prices and the ledger' },
  args: SOURCE_ARGS,
  async run({ args }) {
    const { loaded, from } = await findSource(args);
    const { config } = loaded;
    const catalog = await buildCatalog(config);
    const refusal = foreseenRefusal(config, await adminKeyOf(loaded));
    const findings: Finding[] = [
      { what: 'configuration', state: 'ok', detail: from },
      ...loaded.warnings.map(({ message }): Finding => ({ what: 'configuration', state: 'warn', detail: message })),
      ...(refusal === undefined ? [] : [{ what: 'access', state: 'fail', detail: refusal } as const]),
      ...(await checkProviders(config, catalog)),
      ...(await checkEmbedders(config)),
      ...(await checkArtifacts(loaded, catalog)),
      ...checkPrices(catalog, config),
      ...(await checkStorage(config)),
      ...(await checkRedis(config)),
    ];
    const failed = findings.some((finding) => finding.state === 'fail');
    if (args.json === true) printJson({ ok: !failed, findings });
    else print(...findings.map((finding) => `${SIGN[finding.state]} ${finding.what}: ${finding.detail}`));
    return failed ? 1 : 0;
  },
});
