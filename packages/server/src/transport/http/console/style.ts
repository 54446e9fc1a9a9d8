export const CONSOLE_STYLE = `
:root { --back: #f6f7f9; --card: #fff; --text: #16202c; --dim: #5a6776; --line: #dfe4ea; --keep: #1b7f4b; --slow: #a86400; --brake: #c22f2f; }
@media (prefers-color-scheme: dark) { :root { --back: #0f151c; --card: #182129; --text: #e6ecf2; --dim: #97a5b4; --line: #2a3742; --keep: #4cc38a; --slow: #f0b04a; --brake: #ff7a70; } }
* { box-sizing: border-box; margin: 0; }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; padding: 1.5rem; max-width: 68rem; margin: auto; }
header { display: flex; align-items: baseline; gap: 1rem; margin-bottom: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin-bottom: .5rem; } h2 span, #state, .label, #targets, #empty { color: var(--dim); font-weight: normal; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem; margin-bottom: 1rem; }
#decision { border-left: 6px solid var(--line); }
#action { font-size: 2.4rem; font-weight: 650; line-height: 1.2; overflow-wrap: anywhere; }
#decision[data-action=keep] { border-left-color: var(--keep); } #decision[data-action=keep] #action { color: var(--keep); }
#decision[data-action=slow], #decision[data-action=degrade] { border-left-color: var(--slow); } [data-action=slow] #action, [data-action=degrade] #action { color: var(--slow); }
#decision[data-action=brake] { border-left-color: var(--brake); } #decision[data-action=brake] #action { color: var(--brake); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; }
.number { font-size: 1.7rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--dim); font-weight: normal; }
th:first-child, td:first-child, table:has(#streams) :is(th, td):nth-child(-n+3) { text-align: left; }
td:first-child, #streams td { max-width: 24rem; overflow: hidden; text-overflow: ellipsis; }
`;
