import { anthropic } from '../protocol/anthropic/codec.ts';
import { parseJson } from '../protocol/json.ts';
import { buildQuery } from '../query/build.ts';
import type { Admitted, GatewayContext } from './context.ts';
import { readRequest } from './request-body.ts';

/** Where Anthropic's clients ask how large a request is. */
export const COUNT_TOKENS = '/v1/messages/count_tokens';

/**
 * The size of a Messages request in tokens, estimated here: the model that will answer is not chosen yet, and asking one
 * would cost a call.
 * @throws `body_too_large`, `invalid_json`, `invalid_request`
 */
export async function countTokens(context: GatewayContext, request: Request, { header }: Admitted): Promise<Response> {
  const { config } = context.engine.snapshot();
  const body = await readRequest(request, header, config.server.maxBody);
  const query = buildQuery(anthropic.view(parseJson(body)), { session: undefined });
  return Response.json({ input_tokens: query.inputTokens });
}
