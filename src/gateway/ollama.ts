import type { Hono } from 'hono';
import type { Identity } from '../access/access.ts';
import type { Model } from '../catalog/model.ts';
import { AUTO_NAMES } from '../catalog/resolve.ts';
import { SignalboxError } from '../errors.ts';
import { isObject, text } from '../protocol/guards.ts';
import { parseJson } from '../protocol/json.ts';
import { psAnswer, showAnswer, tagsAnswer, versionAnswer, type ListedModel } from '../protocol/ollama/answers.ts';
import type { GatewayContext, GatewayEnv } from './context.ts';
import { readRequest } from './request-body.ts';
import { visibleTo, type Visible } from './visible-models.ts';

/** The version of Ollama whose wire is spoken: clients turn features on by it. */
const OLLAMA_VERSION = '0.12.0';

function listed({
  id,
  contextWindow,
  capabilities,
}: Pick<Model, 'id' | 'contextWindow' | 'capabilities'>): ListedModel {
  return { id, capabilities, createdAt: 0, ...(contextWindow === undefined ? {} : { contextWindow }) };
}

/** Names that are routed, and the roles, as models without a size of their own. */
function virtual(roles: readonly string[]): ListedModel[] {
  return [...AUTO_NAMES, ...roles.map((role) => `role/${role}`)].map((id) => listed({ id, capabilities: new Set() }));
}

function models(visible: Visible): ListedModel[] {
  return [...visible.models.map(listed), ...virtual(visible.roles)];
}

/** The model that a client wants to see: `name` is the older field. */
function modelShown(context: GatewayContext, body: unknown, identity: Identity): ListedModel {
  const name = isObject(body) ? (text(body['model']) ?? text(body['name']) ?? '') : '';
  const { catalog } = context.engine.snapshot();
  const found = catalog.resolve(name);
  const visible = visibleTo(context, identity);
  // A model that is made up for a provider's name is nobody's, unless the key is limited to some.
  const there = (model: Model) => identity.models === undefined || visible.models.includes(model);
  if ((found.kind === 'model' || found.kind === 'upstream') && there(found.model)) return listed(found.model);
  const routed = models(visible).find(({ id }) => id === name.toLowerCase());
  if (routed !== undefined) return routed;
  throw new SignalboxError('model_not_found', `model '${name.slice(0, 80)}' not found`, { param: 'model' });
}

/** What clients of Ollama ask beside inference. */
export function mountOllama(app: Hono<GatewayEnv>, context: GatewayContext): void {
  app.on(['GET', 'HEAD'], ['/api/tags', '/v1/api/tags'], (c) =>
    Response.json(tagsAnswer(models(visibleTo(context, c.env.admitted.identity)))),
  );
  app.on(['GET', 'HEAD'], '/api/version', () => Response.json(versionAnswer(OLLAMA_VERSION)));
  app.on(['GET', 'HEAD'], '/api/ps', () => Response.json(psAnswer()));
  app.on(['GET', 'HEAD'], '/api/show', (c) => c.json({ status: 'ok', use: 'POST' }));
  app.post('/api/show', async (c) => {
    const { maxBody } = context.engine.snapshot().config.server;
    const body = await readRequest(c.req.raw, c.env.admitted.header, maxBody);
    return Response.json(showAnswer(modelShown(context, parseJson(body), c.env.admitted.identity)));
  });
}
