import { createRoute, type RouteConfig, type z } from '@hono/zod-openapi';
import { errorSchema } from './schemas.ts';

/** A JSON response of a route declaration. */
export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

const ERROR = json(errorSchema, 'What is wrong, where, and what to do');

/** A management route: every one of them may answer with the error envelope. */
export function declare<const R extends Omit<RouteConfig, 'tags'>>(route: R) {
  return createRoute({ ...route, tags: ['management'], responses: { default: ERROR, ...route.responses } });
}
