export { systemClock, type Clock, type Random } from './clock.ts';
export type { Config, ConfigInput } from './config/schema.ts';
export type { Decision, Estimate, Strategy } from './decide/decision.ts';
export { ERRORS, SignalboxError, type ErrorCode } from './errors.ts';
export type { Stats } from './flow/stats.ts';
export { Signalbox, type ChatOptions, type Reply, type ReplyStream, type RouteDecision } from './library.ts';
export type { ChatEvent, FinishReason, Usage } from './protocol/chat.ts';
export type { Features, Prediction, Router } from './routers/router.ts';
export { VERSION } from './version.ts';
