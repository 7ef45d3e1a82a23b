/**
 * What providers say when they refuse. Statuses mean different things at different hosts, so words and codes decide;
 * a caller's own words inside a message must not match, so what may stand beside them is matched as a code or from the
 * beginning of the message.
 */

const any = (...patterns: readonly RegExp[]): RegExp => new RegExp(patterns.map(({ source }) => source).join('|'), 'i');

/** One of these as the error's code, type, reason or status. */
const coded = (codes: string): RegExp => new RegExp(`"(?:code|type|reason|status|error)"\\s*:\\s*"(?:${codes})"`, 'i');

/** The error's message begins like this. */
const said = (words: string): RegExp => new RegExp(`"(?:message|error|detail)"\\s*:\\s*"(?:${words})`, 'i');

/** Money or an allowance has run out, whatever the status: Anthropic says 400. */
export const NO_CREDIT = any(
  coded(
    'insufficient_quota|billing_hard_limit_reached|billing_not_active|billing_error|credit_balance_too_low|blocked_api_access',
  ),
  said('your credit balance is too low|you have reached your specified api usage limits|insufficient balance'),
);

/** The same, said with a status that is about keys, money or rates. OpenAI's rate limits also say where to pay. */
export const QUOTA = any(
  NO_CREDIT,
  /insufficient[_ ]quota|exceeded your (?:current |monthly )?quota|(?:quota|call volume quota) (?:is |has been )?(?:exhausted|exceeded)|out of call volume quota/,
  /billing[_ ](?:hard[_ ]limit|not[_ ]active|details)|payment required|(?:credit|account) balance/,
  /insufficient (?:credits?|balance|funds)|requires more credits|credit limit exceeded|used all available credits/,
  /(?:spend|spending|monthly usage|api usage|session usage|weekly usage) limits?\b|key limit exceeded/,
);

/** Google says "quota" of its limits per minute too. */
const PER_MINUTE = /per[_ ]?minute/i;
const PER_DAY = /per[_ ]?day/i;

/** Whether a 429 is about money or an allowance, not about how fast requests come. */
export function isQuota(body: string): boolean {
  if (!QUOTA.test(body)) return false;
  return NO_CREDIT.test(body) || !PER_MINUTE.test(body) || PER_DAY.test(body);
}

/** The request is larger than the window. */
export const CONTEXT = any(
  coded('context_length_exceeded|exceed_context_size_error|model_max_prompt_tokens_exceeded|request_too_large'),
  /context_length_exceeded|maximum context length|maximum prompt length|(?:prompt|input) is too long|too many tokens/,
  /context (?:length|size|window|limit) (?:has been )?exceed|context window exceeds|exceeded max context length/,
  /exceed(?:s|ed|ing)? (?:the )?(?:available |model'?s? )?(?:maximum )?context (?:length|size|window|limit)/,
  /(?:larger|longer|greater) than the (?:model'?s? )?(?:maximum model|context) (?:length|size|window)/,
  /model is loaded with context length|reduce the length of the (?:messages|prompt|input)/,
  /(?:input|prompt) token count.{0,40}exceed|input tokens exceed|exceed(?:s|ed)? (?:the )?model token limit|max_new_tokens. must be <=/,
);

/** A content policy refused it. */
export const FILTER = any(
  coded('content_filter|content_policy_violation|data_inspection_failed|prohibited_content'),
  /content_policy_violation|content management policy|responsible_?ai|requires moderation|input was flagged/,
  /blocked by content filtering|content exists risk|violates (?:our |the )?usage guidelines/,
  said('your request was rejected (?:as a result of|by) our safety system|invalid prompt: your prompt was flagged'),
);

/** A refused key: Google and xAI say 400, proxies 200 or 500. */
export const AUTH = any(
  said('incorrect api key|invalid api key|api key not valid'),
  coded('invalid_api_key|API_KEY_INVALID|authentication_error'),
);

/** An account that the caller's own header names, and the key is not of. */
export const ACCOUNT = any(coded('(?:mismatched|invalid)_(?:organization|project)'));

/** Nobody serves such a model here. */
export const NO_MODEL = any(
  coded('model_not_found|model_decommissioned|DeploymentNotFound'),
  said('invalid model(?: id)?\\b|model not found|the requested model does not exist'),
);

/** The host is well and has too much to do, or is still loading the model. */
export const LOADED = any(
  coded('overloaded_error|rate_limit_error|rate_limit_exceeded'),
  said('loading model|server (?:busy|overloaded)|llm server loading|model (?:\\S+ )?is (?:currently |still )?loading'),
);

/** An answer must begin with the caller's beginning, which this model does not take. */
const PREFILL =
  /\bprefill|must end with a user (?:message|turn|role)|requests? end with a user|(?:last|final) (?:message|role)\b.{0,60}\b(?:user|tool)\b|final .?assistant.? (?:message|content)|assistant messages? at the end of the list|add_generation_prompt|continue_final_message/i;

/** Whether a refusal is about an assistant's message at the end of the request. `message` = the provider's words. */
export function rejectsPrefill(message: string): boolean {
  return PREFILL.test(message);
}
