"""How the pages of the inbox look: one style sheet, light and dark, nothing fetched from elsewhere."""

__all__ = ["STYLE"]

STYLE = """\
:root {
  color-scheme: light dark;
  --back: #f6f7f8; --card: #fff; --text: #1f2328; --soft: #59636e; --line: #d8dde3; --code: #eef1f4;
  --link: #0b5cad; --critical: #b3261e; --warning: #9a5b00; --resolved: #1a7f37; --info: #4b5a6a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171a; --card: #1c2024; --text: #e4e7ea; --soft: #9aa4af; --line: #30363d; --code: #252a30;
    --link: #79b8ff; --critical: #ff8079; --warning: #f0b04f; --resolved: #5fcf80; --info: #a8b5c4;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
header { position: sticky; top: 0; border-bottom: 1px solid var(--line); background: var(--card); }
header nav, main, footer { max-width: 60rem; margin: 0 auto; padding: .75rem 1rem; }
header nav { display: flex; gap: 1.25rem; align-items: baseline; }
header strong { margin-right: auto; letter-spacing: .02em; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
[aria-current] { color: var(--text); box-shadow: 0 2px var(--link); }
main { padding-bottom: 2rem; }
footer { color: var(--soft); font-size: .875rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .75rem 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1875rem; margin: 2rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p, ul, ol { margin: .5rem 0; }
li { margin: .2rem 0; }
article p, article li { max-width: 46rem; }
.soft { color: var(--soft); }
.card, ol.inbox li { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.card { padding: .5rem 1rem; margin: .75rem 0; overflow-wrap: anywhere; }
.button {
  display: inline-block; padding: .15rem .7rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); font-size: .9375rem;
}
.button:hover, .button:focus-visible { background: var(--code); text-decoration: none; }
.buttons, .parts { display: flex; flex-wrap: wrap; gap: .5rem; }
.parts { gap: .25rem 1.25rem; font-size: .9375rem; }
ol.inbox { list-style: none; padding: 0; margin: .75rem 0; }
ol.inbox li { margin: .5rem 0; border-left: 4px solid var(--info); overflow: hidden; }
ol.inbox a { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; padding: .55rem .9rem; color: inherit; }
ol.inbox a:hover, ol.inbox a:focus-visible { text-decoration: none; background: var(--code); }
ol.inbox .subject, ol.inbox .gist { overflow: hidden; display: -webkit-box; -webkit-box-orient: vertical; }
ol.inbox .subject { font-weight: 600; overflow-wrap: anywhere; -webkit-line-clamp: 2; }
ol.inbox .gist { color: var(--soft); font-size: .9rem; -webkit-line-clamp: 1; overflow-wrap: anywhere; }
ol.inbox time, ol.inbox .channel { color: var(--soft); text-align: right; font-size: .875rem; }
time { font-variant-numeric: tabular-nums; white-space: nowrap; }
ol.inbox li.critical { border-left-color: var(--critical); }
ol.inbox li.warning { border-left-color: var(--warning); }
ol.inbox li.resolved { border-left-color: var(--resolved); }
.tag { font-size: .8125rem; font-weight: 700; text-transform: uppercase; letter-spacing: .04em; color: var(--info); }
.tag.critical { color: var(--critical); }
.tag.warning { color: var(--warning); }
.tag.resolved { color: var(--resolved); }
.tag + h1 { margin-top: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dl.chips { display: flex; flex-wrap: wrap; gap: .375rem; margin: .75rem 0 .5rem; font-size: .875rem; }
dl.chips div { display: flex; flex-wrap: wrap; gap: 0 .4rem; padding: .05rem .5rem; }
dl.chips div { border-radius: 6px; background: var(--code); }
pre, code { font: .875rem/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; background: var(--code); }
code { padding: .1em .3em; border-radius: 4px; overflow-wrap: anywhere; }
/* Long commands are wrapped, not cut off: what is copied is still one line. */
pre { padding: .6rem .75rem; border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
pre code { padding: 0; background: none; }
pre.text { background: none; padding: 0; margin: .25rem 0; }
table { border-collapse: collapse; margin: .75rem 0; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--code); }
th code { padding: 0; }
td code { overflow-wrap: break-word; }
td { background: var(--card); }
summary { cursor: pointer; color: var(--link); }
@media (max-width: 36rem) {
  header nav { gap: 1rem; }
  h1 { font-size: 1.25rem; }
  pre, code { font-size: .8125rem; }
  table { font-size: .875rem; }
  th, td { padding: .25rem .4rem; }
  ol.inbox .subject, ol.inbox .gist { grid-column: 1 / -1; }
  ol.inbox .gist { -webkit-line-clamp: 2; order: 1; }
  ol.inbox time { text-align: left; order: 2; }
  ol.inbox .channel { order: 3; }
}
"""
