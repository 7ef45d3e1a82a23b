import { modelRows } from '../catalog/model-rows.ts';
import { SignalboxError } from '../errors.ts';
import type { Admitted, GatewayContext } from './context.ts';
import { visibleTo } from './visible-models.ts';

function rows(context: GatewayContext, { identity }: Admitted) {
  const visible = visibleTo(context, identity);
  return modelRows(visible, visible.roles);
}

/**
 * Checks the role that the path names where nothing is routed: a wrong base URL shows at the first probe.
 * @throws `role_not_found`, `forbidden`
 */
export function checkPathRole(context: GatewayContext, { role, identity }: Admitted): void {
  if (role === undefined) return;
  context.engine.snapshot().plan({ model: 'auto', pathRole: role, keyRoles: identity.roles });
}

/** `GET /v1/models`: real and virtual models that the caller may use. */
export function listModels(context: GatewayContext, admitted: Admitted): Response {
  return Response.json({ object: 'list', data: rows(context, admitted) });
}

/** `GET /v1/models/{id}`. */
export function showModel(context: GatewayContext, id: string, admitted: Admitted): Response {
  const wanted = id.toLowerCase();
  const row = rows(context, admitted).find((model) => model.id.toLowerCase() === wanted);
  if (row === undefined)
    throw new SignalboxError('model_not_found', `no model is called "${id.slice(0, 80)}"`, { param: 'model' });
  return Response.json(row);
}
