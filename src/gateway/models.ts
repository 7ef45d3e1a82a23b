import { virtualModels } from '../catalog/virtual.ts';
import { SignalboxError } from '../errors.ts';
import type { GatewayContext } from './context.ts';

function rows(context: GatewayContext) {
  const { catalog, config } = context.engine.snapshot();
  return virtualModels(catalog, Object.keys(config.roles));
}

/** `GET /v1/models`: real and virtual models. */
export function listModels(context: GatewayContext): Response {
  return Response.json({ object: 'list', data: rows(context) });
}

/** `GET /v1/models/{id}`. */
export function showModel(context: GatewayContext, id: string): Response {
  const wanted = id.toLowerCase();
  const row = rows(context).find((model) => model.id.toLowerCase() === wanted);
  if (row === undefined)
    throw new SignalboxError('model_not_found', `no model is called "${id.slice(0, 80)}"`, { param: 'model' });
  return Response.json(row);
}
