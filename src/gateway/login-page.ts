import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26em; margin: 12vh auto; padding: 0 1em }
label { display: block; margin: 1.2em 0 0.4em }
input { font: inherit; width: 100%; box-sizing: border-box; padding: 0.5em }
button { font: inherit; margin-top: 1em; padding: 0.5em 1.4em }
[role=alert] { color: #c2312f }
`;

/** The page holds one style and nothing that runs. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const html = (trouble: string | undefined): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Signalbox: log in</title>
    <link rel="icon" href="data:,">
    <style>${STYLE}</style>
  </head>
  <body>
    <h1>Signalbox</h1>
    <p>A key is needed: this gateway shows its page to whoever has an administrator’s key.</p>
    ${trouble === undefined ? '' : `<p role="alert">${escaped(trouble)}</p>`}
    <form method="post" action="login">
      <label for="key">Administrator’s key</label>
      <input id="key" name="key" type="password" autocomplete="current-password" placeholder="sb-…" required autofocus>
      <button type="submit">Log in</button>
    </form>
  </body>
</html>
`;

/** The form that a browser without a session is shown. */
export function loginPage(status: number, trouble?: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(html(trouble), {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      // With no-referrer the form would come from the origin "null", as those of foreign pages do.
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      ...headers,
    },
  });
}
