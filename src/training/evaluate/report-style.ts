/** The page's only style: system fonts, one accent per router, light and dark by the reader's setting. */
export const STYLE = `
:root { color-scheme: light dark; --page: #fbfbfa; --card: #fff; --text: #1c1f23; --soft: #5f6670; --line: #e3e5e8; --grid: #eceef0;
  --c0: #0b6bcb; --c1: #c4470a; --c2: #0f7b54; --c3: #9b3fb5; --c4: #a07500; --c5: #00798c; --c6: #c2255c; --c7: #5f3dc4; --reference: #3d444d; --control: #a3a9b1; --good: #0f7b54; --bad: #c0392b; --shade: rgba(20, 30, 40, .22); }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --card: #1b1f24; --text: #e8eaed; --soft: #9aa3ad; --line: #2e343b; --grid: #262b31;
  --c0: #5aa9ff; --c1: #ff8f57; --c2: #4fcf9b; --c3: #d68cec; --c4: #e3bd4c; --c5: #4cc9dc; --c6: #ff7aa6; --c7: #a98bff; --reference: #cfd5dc; --control: #6b737d; --good: #4fcf9b; --bad: #ff8a7a; --shade: rgba(0, 0, 0, .6); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1280px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; letter-spacing: -.01em; } h2 { font-size: 21px; margin: 0 0 4px; } h3 { font-size: 16px; margin: 32px 0 8px; } h3 span { font-weight: 400; font-size: 13px; color: var(--soft); margin-left: 6px; }
p { margin: 4px 0; } .soft, .note { color: var(--soft); } .note { font-size: 13px; } .below { margin: 24px 0 -12px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 24px; margin-top: 24px; }
nav { margin-top: 12px; display: flex; flex-wrap: wrap; gap: 6px 14px; } a { color: var(--c0); }
.lead { font-size: 17px; margin: 12px 0 12px; max-width: 90ch; }
.verdicts { list-style: none; margin: 0 0 20px; padding: 0; max-width: 110ch; } .verdicts li { padding: 3px 0 3px 16px; text-indent: -16px; } .good { color: var(--good); } .bad { color: var(--bad); }
figure { margin: 0; } svg { display: block; width: 100%; height: auto; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.grid { stroke: var(--grid); } .axis { stroke: var(--soft); stroke-width: 1; opacity: .6; } .tick, .title { fill: var(--soft); } .label { fill: var(--text); font-size: 11px; paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round; }
.sweep { fill: none; stroke-width: 2.4; stroke-linejoin: round; stroke-linecap: round; } .sweep.control { stroke-width: 1.3; } .sweep.reference { stroke-dasharray: 6 4; stroke-width: 2; }
.hullline, .ideal { fill: none; stroke: var(--soft); stroke-width: 1.3; stroke-dasharray: 2 4; }
.single { fill: var(--card); stroke: var(--soft); stroke-width: 1.6; } .single.hull { fill: var(--soft); } .star { fill: var(--c4); font-size: 18px; }
.c0 { --own: var(--c0); } .c1 { --own: var(--c1); } .c2 { --own: var(--c2); } .c3 { --own: var(--c3); } .c4 { --own: var(--c4); } .c5 { --own: var(--c5); } .c6 { --own: var(--c6); } .c7 { --own: var(--c7); }
.reference { --own: var(--reference); } .control { --own: var(--control); } .zero { --own: var(--soft); }
.sweep, .bar { stroke: var(--own); } .mark, .dot { fill: var(--own); } .mark { stroke: var(--card); stroke-width: 1.5; } .bar { stroke-width: 2; } .end { fill: var(--own); font-weight: 600; } .small .dot { fill-opacity: .8; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 6px 0 0; font-size: 13px; color: var(--soft); } .legend i { display: inline-block; width: 18px; height: 0; border-top: 3px solid var(--own); margin: 0 6px 4px 0; } .legend i.reference { border-top-style: dashed; } .legend i.zero { border-top: 2px dotted var(--own); } .legend b { margin-right: 6px; font-weight: 400; }
/* A shade at the edge that the table goes on behind: covers scroll with the table, shades stay. */
.scroll { overflow-x: auto; background: linear-gradient(to right, var(--card) 40%, transparent) left / 48px 100%, linear-gradient(to left, var(--card) 40%, transparent) right / 48px 100%, linear-gradient(to right, var(--shade), transparent) left / 18px 100%, linear-gradient(to left, var(--shade), transparent) right / 18px 100%; background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
.cue { display: none; color: var(--soft); font-size: 12px; text-align: right; }
 table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; } th, td { padding: 5px 9px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); } th { color: var(--soft); font-weight: 500; vertical-align: bottom; } th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--card); } tr.router td:first-child { font-weight: 650; } tr.aside td { color: var(--soft); } td small { color: var(--soft); font-size: 11px; display: block; } .swatch { display: inline-block; width: 9px; height: 9px; border-radius: 2px; background: var(--own); margin-right: 7px; }
.whisker { width: 180px; height: 18px; } .smalls { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 8px 16px; } .small figcaption { font-size: 13px; color: var(--soft); } .small figcaption b { color: var(--text); }
td.good, td.good small { color: var(--good); } td.bad, td.bad small { color: var(--bad); } td.text { text-align: left; white-space: normal; min-width: 360px; } .loose th:first-child, .loose td:first-child { position: static; } td.text + td, .loose td { vertical-align: top; } .loose th { text-align: left; } .loose td { text-align: left; } details { margin-top: 20px; } summary { cursor: pointer; font-weight: 600; font-size: 15px; } summary span { font-weight: 400; color: var(--soft); font-size: 13px; }
dl { margin: 0; } dl div { display: grid; grid-template-columns: 130px 1fr; gap: 12px; padding: 3px 0; font-size: 14px; } dt { font-weight: 600; } dd { margin: 0; color: var(--soft); } .origin { margin-top: 16px; overflow-wrap: anywhere; } code { font: 12px ui-monospace, monospace; }
svg.narrow { display: none; }
@media screen and (max-width: 800px) { svg.wide { display: none; } svg.narrow { display: block; max-width: 480px; } .cue { display: block; }
  main { padding: 20px 10px 40px; } section { padding: 16px 14px; } .lead { font-size: 16px; } .smalls { grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); } th, td { padding: 5px 7px; } td.text { min-width: 240px; } h3 span { display: block; margin: 0; } dl div { grid-template-columns: 1fr; gap: 0; } }
@media print { body { background: #fff; } section { break-inside: auto; } .scroll { overflow: visible; background: none; } table { font-size: 10px; } th, td { padding: 3px 4px; } td small { font-size: 9px; } .whisker { width: 90px; } }
`;
