// The rehearsal's page: a Slack-like client and two small shop panels over the fakes' same-origin JSON.
// Every text from outside goes through textContent or a text node; nothing here ever parses HTML.

// ── DOM ──────────────────────────────────────────────────────────────────────────────────────────────

const $ = (id) => document.getElementById(id);
const AS_PROPERTY = new Set(['value', 'checked', 'disabled', 'textContent', 'tabIndex', 'hidden', 'open', 'inert']);

function h(tag, props = {}, ...kids) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'class') node.className = value;
    else if (AS_PROPERTY.has(name)) node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...kids.flat(Infinity).filter((kid) => kid !== undefined && kid !== null && kid !== false));
  return node;
}

const SHAPES = {
  hash: 'M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16', lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.2 1.2M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2',
  send: 'M4 12 20 4l-5 16-4-7z', close: 'M6 6l12 12M18 6 6 18', down: 'M7 10l5 5 5-5', dots: 'M6 12h.01M12 12h.01M18 12h.01',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  braces: 'M9 4c-3 0-3 2-3 4s0 4-2 4c2 0 2 2 2 4s0 4 3 4M15 4c3 0 3 2 3 4s0 4 2 4c-2 0-2 2-2 4s0 4-3 4',
  up: 'M8 11v9H4v-9zm0 0 4-8c2 0 3 1 2.500 4l-.5 3h5c1.500 0 2 1 1.700 2.500l-1.200 6c-.3 1-1 1.500-2 1.500H8',
  thumbdown: 'M16 13V4h4v9zm0 0-4 8c-2 0-3-1-2.500-4l.5-3H5c-1.500 0-2-1-1.700-2.500l1.200-6C4.800 4.500 5.500 4 6.500 4H16',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
};

function icon(name, size = 18) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const attributes = { viewBox: '0 0 24 24', width: size, height: size, class: 'icon', 'aria-hidden': 'true' };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', SHAPES[name]);
  svg.append(path);
  return svg;
}

const signs = new WeakMap();

/** Keeps `parent`'s children equal to `items`; a child is made anew only when its sign changed. */
function reconcile(parent, items, keyOf, signOf, render) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const wanted = items.map((item, index) => {
    const key = String(keyOf(item, index));
    const sign = signOf(item, index);
    let node = old.get(key);
    if (!node || (signs.get(node) !== sign && !isTyping(node))) {
      const fresh = render(item, index, node);
      fresh.dataset.key = key;
      signs.set(fresh, sign);
      if (node) node.replaceWith(fresh);
      node = fresh;
    }
    old.delete(key);
    return node;
  });
  for (const node of old.values()) node.remove();
  wanted.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}

/** A shop cell in which a person is typing waits for its new value; forms in Slack keep theirs by id instead. */
const isTyping = (node) => node.dataset.patient === '1' && node.contains(document.activeElement)
  && document.activeElement.matches('input:not([type=checkbox]), textarea');

/** Runs `change` and gives focus (and the caret) back to the control with the same focus key. */
function keepingFocus(change) {
  const active = document.activeElement;
  const key = active?.dataset?.fk;
  const caret = key && 'selectionStart' in active ? [active.selectionStart, active.selectionEnd] : null;
  change();
  if (!key || document.activeElement === active) return;
  const again = [...document.querySelectorAll('[data-fk]')].find((node) => node.dataset.fk === key);
  again?.focus({ preventScroll: true });
  if (caret?.[0] !== null && caret && again?.setSelectionRange) try { again.setSelectionRange(...caret); } catch { /* number */ }
}

function debounce(run, wait) {
  let timer = 0;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => run(...args), wait); };
}

// ── Server ───────────────────────────────────────────────────────────────────────────────────────────

let S = { users: [], channels: [], messages: {}, views: [], home: null, notices: [] };
const ui = {
  user: new URLSearchParams(location.search).get('user') ?? sessionStorage.getItem('user') ?? '',
  channel: decodeURIComponent(location.hash.slice(1)), thread: null, seenNotices: null,
  dismissed: new Set(), inspected: new Set(), closedViews: new Set(), seen: {}, sent: [], sentAt: 0,
};
const HOME = 'home';

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    const raw = await answer.text();
    let parsed = {};
    try { parsed = JSON.parse(raw || '{}'); } catch { parsed = { error: raw.slice(0, 200) }; }
    if (!answer.ok) toast(parsed.error ?? parsed.detail ?? `${path} answered ${answer.status}`, 'bad');
    return { ok: answer.ok, ...parsed };
  } catch {
    toast('The rehearsal does not answer. Is it still running?', 'bad');
    return { ok: false };
  }
}

const slack = (act, body) => post(`/slack/client/${act}`, { user: ui.user, ...body });

let loading = false, again = false, lastState = '';
async function refresh() {
  if (loading) { again = true; return; }
  loading = true;
  try {
    let answer = await fetch(`/slack/client/state?user=${encodeURIComponent(ui.user)}`);
    if (!answer.ok) answer = await fetch('/slack/client/state');
    const raw = await answer.text();
    if (answer.ok && raw !== lastState) {
      lastState = raw;
      S = { users: [], channels: [], messages: {}, views: [], home: null, notices: [], ...JSON.parse(raw) };
      ui.user = S.user || ui.user || S.users[0]?.id || '';
      keepingFocus(renderSlack);
    }
  } catch { /* the live mark tells it */ }
  loading = false;
  if (again) { again = false; refresh(); }
}

function listen() {
  const events = new EventSource('/slack/client/events');
  const changed = debounce(() => { refresh(); refreshShops(); }, 50);
  const live = (on) => { $('live').textContent = on ? 'live' : 'reconnecting…'; $('live').classList.toggle('on', on); };
  events.onopen = () => { live(true); changed(); };
  events.onmessage = changed;
  events.onerror = () => live(false);
}

// ── Text: plain, mrkdwn, Markdown, rich text ─────────────────────────────────────────────────────────

const EMOJI = {
  white_check_mark: '✅', heavy_check_mark: '✔️', x: '❌', warning: '⚠️', rotating_light: '🚨', link: '🔗', package: '📦',
  bell: '🔔', no_bell: '🔕', tada: '🎉', mag: '🔍', eyes: '👀', wave: '👋', rocket: '🚀', bulb: '💡', memo: '📝', gear: '⚙️',
  hourglass_flowing_sand: '⏳', hourglass: '⌛', arrows_counterclockwise: '🔄', information_source: 'ℹ️', no_entry: '⛔',
  no_entry_sign: '🚫', double_vertical_bar: '⏸️', pause_button: '⏸️', arrow_forward: '▶️', large_green_circle: '🟢',
  large_yellow_circle: '🟡', large_orange_circle: '🟠', red_circle: '🔴', large_blue_circle: '🔵', white_circle: '⚪', black_circle: '⚫',
  moneybag: '💰', shopping_trolley: '🛒', shopping_bags: '🛍️', label: '🏷️', truck: '🚚', inbox_tray: '📥', chains: '⛓️', lock: '🔒',
  broken_heart: '💔', chart_with_upwards_trend: '📈', bar_chart: '📊', arrow_right: '➡️', point_right: '👉', thumbsup: '👍',
  '+1': '👍', '-1': '👎', clock3: '🕒', zzz: '💤', wastebasket: '🗑️', leftwards_arrow_with_hook: '↩️', question: '❓', sparkles: '✨',
};

const decoded = (text) => text.replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: '<', gt: '>', amp: '&' })[name]);
const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] ?? all);
const plain = (object) => (typeof object === 'string' ? object : withEmoji(decoded(object?.text ?? '')));
const pill = (text, loud) => h('span', { class: loud ? 'mention loud' : 'mention' }, text);
const isWebAddress = (address) => /^(https?:\/\/|mailto:|\/)/i.test(address);
const anchor = (address, label, props = {}) => (isWebAddress(address)
  ? h('a', { href: address, target: '_blank', rel: 'noopener noreferrer', ...props }, label) : h('span', {}, label));

const INLINE = new RegExp([
  '<([^<>\\n]+)>', '`([^`\\n]+)`', '(?<![\\w*])\\*(\\S(?:[^*\\n]*?\\S)?)\\*(?![\\w*])',
  '(?<![\\w_])_(\\S(?:[^_\\n]*?\\S)?)_(?![\\w_])', '(?<![\\w~])~(\\S(?:[^~\\n]*?\\S)?)~(?![\\w~])', ':([a-z0-9_+-]+):',
].join('|'), 'g');

function inline(text) {
  const out = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [all, entity, code, bold, italic, strike, emoji] = match;
    if (match.index > end) out.push(decoded(text.slice(end, match.index)));
    if (entity) out.push(entityNode(entity));
    else if (code) out.push(h('code', {}, decoded(code)));
    else if (bold) out.push(h('b', {}, inline(bold)));
    else if (italic) out.push(h('i', {}, inline(italic)));
    else if (strike) out.push(h('s', {}, inline(strike)));
    else out.push(EMOJI[emoji] ?? all);
    end = match.index + all.length;
  }
  if (end < text.length) out.push(decoded(text.slice(end)));
  return out;
}

const userName = (id) => S.users.find((user) => user.id === id)?.real_name ?? S.users.find((user) => user.id === id)?.name ?? id;
const channelName = (id) => S.channels.find((channel) => channel.id === id)?.name ?? id;

function entityNode(entity) {
  const bar = entity.indexOf('|');
  const target = bar < 0 ? entity : entity.slice(0, bar);
  const label = bar < 0 ? '' : decoded(entity.slice(bar + 1));
  if (target.startsWith('@')) return pill(`@${userName(target.slice(1)) || label}`, target.slice(1) === ui.user);
  if (target.startsWith('#')) return pill(`#${label || channelName(target.slice(1))}`);
  if (/^!(channel|here|everyone)$/.test(target)) return pill(`@${target.slice(1)}`, true);
  if (target.startsWith('!subteam^')) return pill(label || `@${target.slice(9)}`);
  if (target.startsWith('!date^')) return dateNode(target.slice(6).split('^'), label);
  if (isWebAddress(target)) return anchor(decoded(target), label || decoded(target));
  return decoded(`<${entity}>`);
}

function dateNode([stamp, format = '{date_short_pretty} {time}', address], fallback) {
  const when = new Date(Number(stamp) * 1000);
  if (Number.isNaN(when.getTime())) return fallback || stamp;
  const date = (options) => when.toLocaleDateString('en-US', options);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(when).setHours(0, 0, 0, 0)) / 864e5);
  const pretty = (options) => ({ 0: 'today', 1: 'yesterday', [-1]: 'tomorrow' })[days] ?? date(options);
  const long = { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' };
  const short = { month: 'short', day: 'numeric', year: 'numeric' };
  const middle = { month: 'long', day: 'numeric', year: 'numeric' };
  const tokens = {
    date_num: when.toISOString().slice(0, 10), date: date(middle), date_short: date(short), date_long: date(long),
    date_pretty: pretty(middle), date_short_pretty: pretty(short), date_long_pretty: pretty(long), time: clock(when),
    time_secs: when.toLocaleTimeString('en-US'), ago: `${Math.max(0, Math.round((Date.now() - when) / 6e4))} minutes ago`,
  };
  const text = format.replace(/\{(\w+)\}/g, (all, name) => tokens[name] ?? all);
  return address ? anchor(address, text) : h('time', { datetime: when.toISOString(), title: when.toString() }, text);
}

function clock(when) { return when.toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' }); }

function mrkdwn(text) {
  const parts = String(text ?? '').split('```');
  if (parts.length % 2 === 0) {
    const rest = parts.pop();
    parts.push(`${parts.pop()}\`\`\`${rest}`); // a fence that nobody closed is text
  }
  return parts.map((part, index) => (index % 2
    ? h('pre', {}, decoded(part.replace(/^\n|\n$/g, '')))
    : quoted(index ? part.replace(/^\n/, '') : part)));
}

function quoted(text) {
  const groups = [];
  for (const line of text.split('\n')) {
    const quote = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (!groups.length || groups.at(-1).quote !== Boolean(quote)) groups.push({ quote: Boolean(quote), lines: [] });
    groups.at(-1).lines.push(quote ? quote[1] : line);
  }
  return groups.map(({ quote, lines }) => (quote
    ? h('blockquote', {}, inline(lines.join('\n'))) : h('span', { class: 'run' }, inline(lines.join('\n')))));
}

const textNode = (object) => (object?.type === 'mrkdwn' ? mrkdwn(object.text) : [plain(object)]);

const MARKDOWN = /\*\*(.+?)\*\*|__(.+?)__|(?<![\w*])[*_](\S.*?)[*_](?!\w)|~~(.+?)~~|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)|:([a-z0-9_+-]+):/g;

function markdownInline(text) {
  const out = [];
  let end = 0;
  for (const match of text.matchAll(MARKDOWN)) {
    const [all, bold, strong, italic, strike, code, label, address, emoji] = match;
    out.push(text.slice(end, match.index));
    if (bold ?? strong) out.push(h('b', {}, markdownInline(bold ?? strong)));
    else if (italic) out.push(h('i', {}, markdownInline(italic)));
    else if (strike) out.push(h('s', {}, markdownInline(strike)));
    else if (code) out.push(h('code', {}, code));
    else if (label) out.push(anchor(address, label));
    else out.push(EMOJI[emoji] ?? all);
    end = match.index + all.length;
  }
  return [...out, text.slice(end)];
}

const MARKDOWN_LINES = [
  [/^#{1,6} (.*)/, 'heading'], [/^\s*[-*+] (.*)/, 'bullet'], [/^\s*\d+[.)] (.*)/, 'number'], [/^> ?(.*)/, 'quote'],
  [/^(\|.*\|)\s*$/, 'table'], [/^\s*(-{3,}|\*{3,})\s*$/, 'rule'], [/^\s*()$/, 'gap'], [/^(.*)$/, 'text'],
];

function markdown(text) {
  const groups = [];
  const fences = String(text ?? '').split(/^```.*$/m);
  fences.forEach((part, index) => {
    if (index % 2) { groups.push({ kind: 'code', lines: [part.replace(/^\n|\n$/g, '')] }); return; }
    for (const line of part.split('\n')) {
      const [pattern, kind] = MARKDOWN_LINES.find(([test]) => test.test(line));
      if (groups.at(-1)?.kind !== kind || kind === 'heading') groups.push({ kind, lines: [] });
      groups.at(-1).lines.push(line.match(pattern)[1]);
    }
  });
  const items = (lines) => lines.map((line) => h('li', {}, markdownInline(line)));
  const make = {
    heading: (lines) => h('h4', {}, markdownInline(lines[0])), bullet: (lines) => h('ul', {}, items(lines)),
    number: (lines) => h('ol', {}, items(lines)), quote: (lines) => h('blockquote', {}, markdownInline(lines.join('\n'))),
    rule: () => h('hr'), gap: () => null, code: (lines) => h('pre', {}, lines[0]),
    text: (lines) => h('p', {}, markdownInline(lines.join('\n'))), table: markdownTable,
  };
  return h('div', { class: 'markdown' }, groups.map(({ kind, lines }) => make[kind](lines)));
}

function markdownTable(lines) {
  const rows = lines.filter((line) => !/^\|[\s:|-]+\|$/.test(line)).map((line) => line.slice(1, -1).split('|'));
  return gridTable(rows.map((row) => row.map((cell) => ({ nodes: markdownInline(cell.trim()) }))));
}

function styled(node, style = {}) {
  const tags = { bold: 'b', italic: 'i', strike: 's', underline: 'u', code: 'code' };
  return Object.keys(tags).reduce((inner, name) => (style[name] ? h(tags[name], {}, inner) : inner), node);
}

const RICH_INLINE = {
  text: (e) => e.text, link: (e) => anchor(e.url, e.text || e.url), emoji: (e) => EMOJI[e.name] ?? `:${e.name}:`,
  user: (e) => pill(`@${userName(e.user_id)}`, e.user_id === ui.user), channel: (e) => pill(`#${channelName(e.channel_id)}`),
  usergroup: (e) => pill(`@${e.usergroup_id}`), broadcast: (e) => pill(`@${e.range}`, true),
  date: (e) => dateNode([e.timestamp, e.format, e.url], e.fallback), color: (e) => h('code', {}, e.value),
};
const richInline = (elements = []) => elements.map((e) => styled(RICH_INLINE[e.type]?.(e) ?? e.text ?? '', e.style));

const RICH = {
  rich_text_section: (e) => h('div', { class: 'run' }, richInline(e.elements)),
  rich_text_quote: (e) => h('blockquote', {}, richInline(e.elements)),
  rich_text_preformatted: (e) => h('pre', {}, richInline(e.elements)),
  rich_text_list: (e) => h(e.style === 'ordered' ? 'ol' : 'ul', { class: `indent-${Math.min(e.indent ?? 0, 4)}`, start: e.offset ? e.offset + 1 : null },
    (e.elements ?? []).map((item) => h('li', {}, richInline(item.elements)))),
};
const richText = (block) => h('div', { class: 'rich' }, (block.elements ?? []).map((e) => RICH[e.type]?.(e)));

// ── Popover, confirm, toast ──────────────────────────────────────────────────────────────────────────

let pop = null;

function openPop(owner, content, onClose) {
  closePop();
  const box = $('pop');
  box.replaceChildren(content);
  box.hidden = false;
  pop = { owner, onClose };
  placePop();
}

function placePop() {
  if (!pop) return;
  const box = $('pop');
  const at = pop.owner.getBoundingClientRect();
  const width = Math.min(Math.max(at.width, box.dataset.kind === 'menu' ? 180 : 260), innerWidth - 16);
  box.style.width = `${width}px`;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  const below = innerHeight - at.bottom - 12;
  const upwards = below < Math.min(box.scrollHeight, 300) && at.top > below;
  box.style.maxHeight = `${Math.min(320, upwards ? at.top - 12 : below)}px`;
  box.style.top = upwards ? '' : `${at.bottom + 4}px`;
  box.style.bottom = upwards ? `${innerHeight - at.top + 4}px` : '';
}

function closePop() {
  const was = pop;
  pop = null;
  $('pop').hidden = true;
  $('pop').replaceChildren();
  was?.onClose?.();
}

document.addEventListener('pointerdown', (event) => {
  if (pop && !$('pop').contains(event.target) && !pop.owner.contains(event.target)) closePop();
});
document.addEventListener('scroll', (event) => { if (!$('pop').contains(event.target)) placePop(); }, true);
addEventListener('resize', placePop);

function menu(owner, items, pick) {
  const choose = (item) => { closePop(); owner.focus(); pick(item); };
  const list = h('div', { class: 'menu', role: 'menu' }, items.map((item) => h('button', {
    type: 'button', role: 'menuitem', onclick: () => choose(item),
  }, plain(item.text), item.description && h('small', {}, plain(item.description)))));
  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...list.children];
    buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
  });
  $('pop').dataset.kind = 'menu';
  openPop(owner, list, () => owner.setAttribute('aria-expanded', 'false'));
  owner.setAttribute('aria-expanded', 'true');
  list.firstElementChild?.focus();
}

/** Slack's confirm dialog; resolves to the person's answer. */
function confirmed(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const before = document.activeElement;
    const answer = (yes) => { box.remove(); before?.focus?.({ preventScroll: true }); resolve(yes); };
    const box = h('div', { class: 'overlay', onclick: (event) => event.target === box && answer(false) },
      h('div', { class: 'dialog', role: 'alertdialog', 'aria-modal': 'true', 'aria-label': plain(confirm.title) },
        h('h2', {}, plain(confirm.title)), h('div', { class: 'text' }, textNode(confirm.text)),
        h('div', { class: 'dialog-foot' },
          h('button', { class: 'btn', type: 'button', onclick: () => answer(false) }, plain(confirm.deny) || 'Cancel'),
          h('button', { class: `btn ${confirm.style === 'danger' ? 'danger-fill' : 'primary'}`, type: 'button', onclick: () => answer(true) },
            plain(confirm.confirm) || 'Yes'))));
    box.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') { event.stopPropagation(); answer(false); } else trapTab(event, box);
    });
    $('dialogs').append(box);
    box.querySelector('.dialog-foot .btn:last-child').focus();
  });
}

function trapTab(event, root) {
  if (event.key !== 'Tab') return;
  const stops = [...root.querySelectorAll('button, input, textarea, select, a[href], [tabindex="0"]')]
    .filter((node) => !node.disabled && node.tabIndex >= 0 && node.offsetParent);
  const [first, last] = [stops[0], stops.at(-1)];
  if (event.shiftKey && document.activeElement === first) { event.preventDefault(); last.focus(); }
  else if (!event.shiftKey && document.activeElement === last) { event.preventDefault(); first.focus(); }
}

function toast(text, kind = '') {
  const node = h('div', { class: `toast ${kind}` }, text,
    h('button', { type: 'button', 'aria-label': 'Dismiss', onclick: () => node.remove() }, icon('close', 14)));
  $('toasts').append(node);
  while ($('toasts').children.length > 4) $('toasts').firstChild.remove();
  setTimeout(() => node.remove(), 7000);
}

// ── Interactive elements ─────────────────────────────────────────────────────────────────────────────
// A context is one place with state: a message, a view or App Home. State fragments have Slack's own shape.

const contexts = new Map();

function contextOf(scope, container, serverState, blocks) {
  if (!contexts.has(scope)) contexts.set(scope, { scope, values: new Map(), errors: {}, pending: 0, unsent: new Map() });
  return Object.assign(contexts.get(scope), { container, serverState: serverState?.values ?? serverState ?? {}, blocks });
}

const slot = (bid, e) => `${bid}\n${e.action_id}`;

const INITIAL = {
  plain_text_input: (e) => ({ value: e.initial_value ?? null }), number_input: (e) => ({ value: e.initial_value ?? null }),
  email_text_input: (e) => ({ value: e.initial_value ?? null }), url_text_input: (e) => ({ value: e.initial_value ?? null }),
  static_select: (e) => ({ selected_option: e.initial_option ?? null }), external_select: (e) => ({ selected_option: e.initial_option ?? null }),
  radio_buttons: (e) => ({ selected_option: e.initial_option ?? null }), checkboxes: (e) => ({ selected_options: e.initial_options ?? [] }),
  multi_static_select: (e) => ({ selected_options: e.initial_options ?? [] }), multi_external_select: (e) => ({ selected_options: e.initial_options ?? [] }),
  users_select: (e) => ({ selected_user: e.initial_user ?? null }), multi_users_select: (e) => ({ selected_users: e.initial_users ?? [] }),
  conversations_select: (e) => ({ selected_conversation: e.initial_conversation ?? null }),
  multi_conversations_select: (e) => ({ selected_conversations: e.initial_conversations ?? [] }),
  channels_select: (e) => ({ selected_channel: e.initial_channel ?? null }), multi_channels_select: (e) => ({ selected_channels: e.initial_channels ?? [] }),
  file_input: () => ({ files: [] }),
  datepicker: (e) => ({ selected_date: e.initial_date ?? null }), timepicker: (e) => ({ selected_time: e.initial_time ?? null }),
};

/** The control's state: what the person chose here, else what the server knows, else the initial value (kept from then on). */
function valueOf(ctx, bid, e) {
  const key = slot(bid, e);
  if (!ctx.values.has(key)) {
    const known = ctx.serverState?.[bid]?.[e.action_id];
    ctx.values.set(key, known ?? { type: e.type, ...INITIAL[e.type](e) });
  }
  return ctx.values.get(key);
}

const setValue = (ctx, bid, e, part) => ctx.values.set(slot(bid, e), { type: e.type, ...part });
const blockId = (block, index) => block.block_id ?? `block-${index}`;
const elementsOf = (block) => [block.element, block.accessory, ...(block.type === 'rich_text' ? [] : block.elements ?? [])].filter((e) => e?.action_id);

function gather(ctx) {
  const values = {};
  (ctx.blocks ?? []).forEach((block, index) => {
    for (const e of elementsOf(block)) {
      if (INITIAL[e.type]) (values[blockId(block, index)] ??= {})[e.action_id] = valueOf(ctx, blockId(block, index), e);
    }
  });
  return values;
}

/** Forgets state of controls that a new version of the view no longer has, as Slack does. */
function forgetGone(ctx) {
  const kept = new Set((ctx.blocks ?? []).flatMap((block, index) => elementsOf(block).map((e) => slot(blockId(block, index), e))));
  for (const key of ctx.values.keys()) if (!kept.has(key)) { ctx.values.delete(key); ctx.unsent.delete(key); }
}

/** Tells Slack's side what was filled into quiet inputs, so that the state it sends with the next act is whole. */
async function flush(ctx) {
  const waiting = [...ctx.unsent.values()];
  ctx.unsent.clear();
  for (const { bid, e } of waiting) {
    await slack('action', { container: ctx.container, block_id: bid, action_id: e.action_id, element: valueOf(ctx, bid, e) });
  }
}

async function act(ctx, bid, e, element, node) {
  if (!(await confirmed(e.confirm))) return false;
  ctx.pending += 1;
  markBusy(ctx, node, true);
  await flush(ctx);
  await slack('action', { container: ctx.container, block_id: bid, action_id: e.action_id, element: { type: e.type, ...element } });
  await refresh();
  ctx.pending -= 1;
  markBusy(ctx, node, false);
  return true;
}

function markBusy(ctx, node, on) {
  node?.classList.toggle('busy', on);
  document.querySelector(`[data-scope="${CSS.escape(ctx.scope)}"]`)?.classList.toggle('working', ctx.pending > 0);
}

const focusKey = (ctx, bid, e) => `${ctx.scope}|${bid}|${e.action_id}`;

/** Notes the new state and, where Slack would, tells the bot. A declined confirm puts the old state back. */
async function chosen(place, part, node) {
  const { ctx, bid, e, dispatch } = place;
  const before = valueOf(ctx, bid, e);
  setValue(ctx, bid, e, part);
  if (!dispatch) ctx.unsent.set(slot(bid, e), { bid, e });
  else if (!(await act(ctx, bid, e, part, node))) { ctx.values.set(slot(bid, e), before); return false; }
  return true;
}

function buttonElement({ ctx, bid, e }) {
  const props = {
    class: `btn small ${e.style ?? ''}`, 'data-fk': focusKey(ctx, bid, e), 'aria-label': e.accessibility_label,
    onclick: (event) => act(ctx, bid, e, { value: e.value }, event.currentTarget),
  };
  return e.url ? anchor(e.url, [plain(e.text)], props) : h('button', { type: 'button', ...props }, plain(e.text));
}

function overflowElement({ ctx, bid, e }) {
  return h('button', {
    type: 'button', class: 'btn small square', 'aria-label': 'More actions', 'aria-haspopup': 'menu', 'data-fk': focusKey(ctx, bid, e),
    onclick: (event) => {
      const button = event.currentTarget;
      menu(button, e.options, (option) => {
        if (option.url && isWebAddress(option.url)) window.open(option.url, '_blank', 'noopener');
        act(ctx, bid, e, { selected_option: option }, button);
      });
    },
  }, icon('dots'));
}

const groupsOf = (answer) => answer.option_groups ?? [{ options: answer.options ?? [] }];
const matching = (groups, query) => groups
  .map((group) => ({ ...group, options: group.options.filter((o) => plain(o.text).toLowerCase().includes(query.toLowerCase())) }))
  .filter((group) => group.options.length);

/** A searchable menu. `load(query)` gives option groups; `change(options)` answers whether the choice stands. */
function combobox({ place, multi, picked, load, change, minimum = 0, wait = 0 }) {
  const { ctx, bid, e, label } = place;
  let chosenNow = picked, found = [], active = -1, turn = 0;
  const listId = `list-${Math.random().toString(36).slice(2)}`;
  const input = h('input', {
    type: 'text', role: 'combobox', autocomplete: 'off', spellcheck: 'false', 'aria-expanded': 'false', 'aria-controls': listId,
    'aria-autocomplete': 'list', 'aria-label': label ?? plain(e.placeholder) ?? 'Choose', 'data-fk': focusKey(ctx, bid, e),
    'data-autofocus': e.focus_on_load,
  });
  const chips = h('span', { class: 'chips' });
  const box = h('div', { class: `combo${multi ? ' multi' : ''}` }, chips, input, icon('down', 16));
  const list = h('div', { class: 'options', id: listId, role: 'listbox', 'aria-multiselectable': multi ? 'true' : null });
  const isOpen = () => pop?.owner === box;

  const rest = () => {
    chips.replaceChildren(...(multi ? chosenNow.map((option) => h('span', { class: 'chip' }, plain(option.text), h('button', {
      type: 'button', 'aria-label': `Remove ${plain(option.text)}`, onclick: (event) => { event.stopPropagation(); take(option); },
    }, icon('close', 12)))) : []));
    input.value = multi ? '' : plain(chosenNow[0]?.text);
    input.placeholder = multi && chosenNow.length ? '' : plain(e.placeholder) || 'Choose an option';
    input.title = input.value;
  };
  const take = async (option) => {
    const has = chosenNow.some((o) => o.value === option.value);
    const next = multi ? (has ? chosenNow.filter((o) => o.value !== option.value) : [...chosenNow, option]) : [option];
    if (multi && e.max_selected_items && next.length > e.max_selected_items) return;
    const before = chosenNow;
    chosenNow = next;
    if (isOpen() && !multi) closePop(); else { rest(); paint(); placePop(); }
    if (!(await change(next, box))) { chosenNow = before; rest(); }
  };
  const note = (text) => { found = []; list.replaceChildren(h('div', { class: 'options-note' }, text)); };
  const paint = () => {
    let index = -1;
    found = [];
    list.replaceChildren(...groups.flatMap((group) => [
      group.label && h('div', { class: 'options-label' }, plain(group.label)),
      ...group.options.map((option) => {
        index += 1;
        found.push(option);
        const on = chosenNow.some((o) => o.value === option.value);
        return h('div', {
          role: 'option', id: `${listId}-${index}`, 'aria-selected': String(on), class: index === active ? 'active' : '',
          onpointerdown: (event) => event.preventDefault(), onclick: () => take(option),
        }, h('span', {}, plain(option.text), option.description && h('small', {}, plain(option.description))));
      }),
    ]).filter(Boolean));
    if (!found.length) note('No results');
    const node = list.querySelector('.active');
    node?.scrollIntoView({ block: 'nearest' });
    if (node) input.setAttribute('aria-activedescendant', node.id); else input.removeAttribute('aria-activedescendant');
  };
  let groups = [];
  const search = async (query) => {
    if (query.length < minimum) { note(`Type at least ${minimum} character${minimum > 1 ? 's' : ''} to search`); return; }
    const mine = ++turn;
    if (wait) note('Searching…');
    const answer = await load(query);
    if (mine !== turn || !isOpen()) return;
    groups = answer;
    active = answer.some((group) => group.options.length) && query ? 0 : -1;
    paint();
    placePop();
  };
  const searchSoon = wait ? debounce(search, wait) : search;
  const open = (query = '') => {
    if (isOpen()) return;
    $('pop').dataset.kind = 'list';
    openPop(box, list, () => { input.setAttribute('aria-expanded', 'false'); turn += 1; rest(); });
    input.setAttribute('aria-expanded', 'true');
    active = -1;
    if (!query) input.select();
    search(query);
  };
  input.addEventListener('input', () => { const query = input.value; open(query); input.value = query; searchSoon(query.trim()); });
  box.addEventListener('click', (event) => { if (!event.target.closest('.chip')) { input.focus(); open(); } });
  input.addEventListener('blur', () => { if (isOpen()) closePop(); else rest(); });
  input.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (!isOpen()) { open(); return; }
      if (found.length) { active = (active + step + found.length + (active < 0 && step < 0 ? 1 : 0)) % found.length; paint(); }
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (isOpen() && found[active]) take(found[active]); else open();
    } else if (event.key === 'Escape' && isOpen()) { event.stopPropagation(); closePop(); input.select(); }
    else if (event.key === 'Backspace' && multi && !input.value && chosenNow.length) take(chosenNow.at(-1));
  });
  rest();
  return box;
}

function selectElement(place, { multi, load, minimum, wait, fromState, toState }) {
  const { ctx, bid, e } = place;
  return combobox({
    place, multi, load, minimum, wait, picked: fromState(valueOf(ctx, bid, e)),
    change: (options, node) => chosen(place, toState(options), node),
  });
}

const byOption = (multi) => ({
  multi, fromState: (v) => (multi ? v.selected_options ?? [] : [v.selected_option].filter(Boolean)),
  toState: (options) => (multi ? { selected_options: options } : { selected_option: options[0] ?? null }),
});
const staticSelect = (multi) => (place) => selectElement(place, { ...byOption(multi), load: async (query) => matching(groupsOf(place.e), query) });
const externalSelect = (multi) => (place) => selectElement(place, {
  ...byOption(multi), minimum: place.e.min_query_length ?? 3, wait: 250,
  load: async (value) => groupsOf(await slack('options', { container: place.ctx.container, block_id: place.bid, action_id: place.e.action_id, value })),
});
const idSelect = (multi, single, many, items) => (place) => {
  const options = () => items().map(([id, name]) => ({ text: { type: 'plain_text', text: name }, value: id }));
  const known = (id) => options().find((o) => o.value === id) ?? { text: { type: 'plain_text', text: id }, value: id };
  return selectElement(place, {
    multi, load: async (query) => matching([{ options: options() }], query),
    fromState: (v) => (multi ? v[many] ?? [] : [v[single]].filter(Boolean)).map(known),
    toState: (list) => (multi ? { [many]: list.map((o) => o.value) } : { [single]: list[0]?.value ?? null }),
  });
};
const people = () => S.users.map((user) => [user.id, user.real_name ?? user.name]);
const rooms = () => S.channels.filter((channel) => !channel.is_im).map((channel) => [channel.id, `# ${channel.name}`]);

function choiceList(kind) {
  return (place) => {
    const { ctx, bid, e, label } = place;
    const multi = kind === 'checkbox';
    const picked = () => (multi ? valueOf(ctx, bid, e).selected_options ?? [] : [valueOf(ctx, bid, e).selected_option].filter(Boolean)).map((o) => o.value);
    const name = `${ctx.scope}-${bid}-${e.action_id}`;
    const node = h('div', { class: 'choices', role: multi ? 'group' : 'radiogroup', 'aria-label': label });
    node.append(...(e.options ?? []).map((option, index) => h('label', { class: 'choice' },
      h('input', {
        type: kind, name, value: option.value, checked: picked().includes(option.value), 'data-fk': `${focusKey(ctx, bid, e)}|${option.value}`,
        'data-autofocus': e.focus_on_load && index === 0,
        onchange: async () => {
          const on = [...node.querySelectorAll('input')].map((input, at) => input.checked && e.options[at]).filter(Boolean);
          const stands = await chosen(place, multi ? { selected_options: on } : { selected_option: on[0] ?? null }, node);
          if (!stands) [...node.querySelectorAll('input')].forEach((input) => { input.checked = picked().includes(input.value); });
        },
      }),
      h('span', {}, h('span', { class: 'text' }, textNode(option.text)), option.description && h('small', { class: 'text' }, textNode(option.description))))));
    return node;
  };
}

function textInput(kind) {
  return (place) => {
    const { ctx, bid, e, label, dispatch } = place;
    const triggers = e.dispatch_action_config?.trigger_actions_on ?? ['on_enter_pressed'];
    let told = valueOf(ctx, bid, e).value ?? '';
    const tell = () => { if (dispatch && input.value !== told) { told = input.value; act(ctx, bid, e, { value: input.value || null }, input); } };
    const tellSoon = debounce(tell, 300);
    const input = h(e.multiline ? 'textarea' : 'input', {
      type: e.multiline ? null : 'text', inputmode: kind === 'number' ? (e.is_decimal_allowed ? 'decimal' : 'numeric') : null,
      rows: e.multiline ? 4 : null, maxlength: e.max_length, minlength: e.min_length, placeholder: plain(e.placeholder) || null, class: 'field',
      'aria-label': label, 'data-fk': focusKey(ctx, bid, e), 'data-autofocus': e.focus_on_load, value: told,
      oninput: () => {
        setValue(ctx, bid, e, { value: input.value || null });
        if (!dispatch) ctx.unsent.set(slot(bid, e), { bid, e });
        if (triggers.includes('on_character_entered')) tellSoon();
      },
      onblur: tell,
      onkeydown: (event) => { if (event.key === 'Enter' && !e.multiline && dispatch) { event.preventDefault(); tell(); } },
    });
    return input;
  };
}

/** A file of this machine, handed to the rehearsal's Slack as soon as it is chosen. */
function fileInput({ ctx, bid, e, label }) {
  const held = valueOf(ctx, bid, e).files ?? [];
  const name = h('span', { class: 'muted' }, held.map((file) => file.name).join(', '));
  const take = async () => {
    const files = [];
    for (const file of input.files) files.push((await slack('file', { name: file.name, content: await file.text() })).file);
    setValue(ctx, bid, e, { files: files.filter(Boolean) });
    name.textContent = files.filter(Boolean).map((file) => file.name).join(', ');
  };
  const input = h('input', {
    type: 'file', class: 'field', accept: (e.filetypes ?? []).map((kind) => `.${kind}`).join(',') || null, 'aria-label': label,
    'data-fk': focusKey(ctx, bid, e), onchange: take,
  });
  return h('div', {}, input, name);
}

const pickerInput = (type, field) => (place) => {
  const input = h('input', {
    type, class: 'field short', value: valueOf(place.ctx, place.bid, place.e)[field] ?? '', 'aria-label': place.label ?? type,
    'data-fk': focusKey(place.ctx, place.bid, place.e), onchange: () => chosen(place, { [field]: input.value || null }, input),
  });
  return input;
};

function feedbackButtons({ ctx, bid, e }) {
  return ['positive_button', 'negative_button'].filter((name) => e[name]).map((name) => h('button', {
    type: 'button', class: 'icon-button', title: plain(e[name].text), 'aria-label': plain(e[name].text),
    onclick: (event) => { event.currentTarget.classList.add('on'); act(ctx, bid, e, { value: e[name].value, text: e[name].text }, event.currentTarget); },
  }, icon(name === 'positive_button' ? 'up' : 'thumbdown', 16)));
}

const iconButton = ({ ctx, bid, e }) => h('button', {
  type: 'button', class: 'icon-button', title: plain(e.text), 'aria-label': plain(e.text),
  onclick: (event) => act(ctx, bid, e, { value: e.value }, event.currentTarget),
}, icon('trash', 16));

/** Only pictures from this server are loaded: the page makes no request to anyone else. */
function picture(e, big) {
  const address = e.image_url ?? e.thumbnail_url ?? '';
  const label = e.alt_text ?? '';
  if (/^(data:image\/|\/(?!\/))/.test(address) || address.startsWith(`${location.origin}/`)) {
    return h('img', { src: address, alt: label, class: big ? 'picture' : 'thumb' });
  }
  return h('span', { class: `${big ? 'picture' : 'thumb'} no-picture tint-${tint(label)}`, role: 'img', 'aria-label': label, title: label },
    big ? label : (label.trim()[0] ?? '▦').toUpperCase());
}

const ELEMENTS = {
  button: buttonElement, overflow: overflowElement, workflow_button: buttonElement,
  static_select: staticSelect(false), multi_static_select: staticSelect(true),
  external_select: externalSelect(false), multi_external_select: externalSelect(true),
  users_select: idSelect(false, 'selected_user', '', people), multi_users_select: idSelect(true, '', 'selected_users', people),
  conversations_select: idSelect(false, 'selected_conversation', '', rooms), multi_conversations_select: idSelect(true, '', 'selected_conversations', rooms),
  channels_select: idSelect(false, 'selected_channel', '', rooms), multi_channels_select: idSelect(true, '', 'selected_channels', rooms),
  radio_buttons: choiceList('radio'), checkboxes: choiceList('checkbox'),
  plain_text_input: textInput('text'), number_input: textInput('number'), email_text_input: textInput('text'), url_text_input: textInput('text'),
  datepicker: pickerInput('date', 'selected_date'), timepicker: pickerInput('time', 'selected_time'),
  file_input: fileInput,
  image: ({ e }) => picture(e, false), feedback_buttons: feedbackButtons, icon_button: iconButton,
};

function elementNode(e, bid, ctx, { dispatch = true, label } = {}) {
  return ELEMENTS[e.type]?.({ e, bid, ctx, dispatch, label }) ?? h('span', { class: 'unknown' }, `[${e.type}]`);
}

// ── Blocks ───────────────────────────────────────────────────────────────────────────────────────────

function gridTable(rows, { caption, columns = [], headers } = {}) {
  const line = (tag) => (row) => h('tr', {}, row.map((cell, at) => h(tag, {
    class: [`align-${columns[at]?.align ?? (cell.number ? 'right' : 'left')}`, columns[at]?.is_wrapped ? 'wrap' : ''].join(' '),
  }, tag === 'th' && headers ? headers(cell, at) : cell.nodes)));
  return h('div', { class: 'table-box', tabindex: '0', role: 'region', 'aria-label': caption ?? 'Table' },
    h('table', {}, caption && h('caption', {}, caption), h('thead', {}, rows.slice(0, 1).map(line('th'))), h('tbody', {}, rows.slice(1).map(line('td')))));
}

const cellText = (cell) => (cell?.type === 'rich_text'
  ? (cell.elements ?? []).flatMap((part) => part.elements ?? []).map((e) => e.text ?? '').join('') : String(cell?.text ?? cell?.value ?? ''));
const cellOf = (cell) => ({ nodes: [cell?.type === 'rich_text' ? richText(cell) : cellText(cell)], number: cell?.type === 'raw_number', text: cellText(cell), value: cell?.value });

function dataTable(block) {
  const [head, ...body] = (block.rows ?? []).map((row) => row.map(cellOf));
  const size = block.page_size ?? 5;
  const view = { page: 0, sort: -1, down: false, query: '' };
  const node = h('div', { class: 'data-table' });
  const turn = (step) => h('button', { type: 'button', class: 'btn small', 'aria-label': step < 0 ? 'Previous rows' : 'Next rows', onclick: () => { view.page += step; draw(); } }, step < 0 ? '‹' : '›');
  const rank = (cell) => (cell.number ? Number(cell.value ?? cell.text) : cell.text.toLowerCase());
  const filter = h('input', { class: 'field filter', type: 'search', placeholder: 'Filter', 'aria-label': `Filter ${block.caption ?? 'table'}`, oninput: () => { view.query = filter.value.toLowerCase(); view.page = 0; draw(); } });
  const slotNode = h('div');
  const foot = h('div', { class: 'table-foot' });
  function draw() {
    const rows = body.filter((row) => row.some((cell) => cell.text.toLowerCase().includes(view.query)));
    if (view.sort >= 0) rows.sort((a, b) => (rank(a[view.sort]) < rank(b[view.sort]) ? -1 : 1) * (view.down ? -1 : 1));
    const last = Math.max(0, Math.ceil(rows.length / size) - 1);
    view.page = Math.min(Math.max(0, view.page), last);
    const headers = (cell, at) => h('button', {
      type: 'button', class: 'sort', onclick: () => { view.down = view.sort === at && !view.down; view.sort = at; draw(); },
    }, cell.nodes, view.sort === at ? (view.down ? ' ↓' : ' ↑') : '');
    slotNode.replaceChildren(gridTable([head, ...rows.slice(view.page * size, (view.page + 1) * size)], { caption: block.caption, headers }));
    foot.replaceChildren(...[filter, h('span', {}, `${rows.length ? view.page * size + 1 : 0}–${Math.min(rows.length, (view.page + 1) * size)} of ${rows.length}`), view.page > 0 && turn(-1), view.page < last && turn(1)].filter(Boolean));
    if (view.query) filter.focus();
  }
  draw();
  node.append(slotNode, foot);
  return node;
}

const BLOCKS = {
  section: (block, bid, ctx) => h('div', { class: 'section' },
    h('div', { class: 'section-main' }, block.text && h('div', { class: 'text' }, textNode(block.text)),
      block.fields && h('div', { class: 'fields' }, block.fields.map((field) => h('div', { class: 'text' }, textNode(field))))),
    block.accessory && h('div', { class: `accessory ${block.accessory.type}` }, elementNode(block.accessory, bid, ctx, { label: plain(block.text).slice(0, 80) }))),
  header: (block) => h('h3', { class: 'header' }, plain(block.text)),
  divider: () => h('hr'),
  context: (block) => h('div', { class: 'context' }, (block.elements ?? []).map((e) => (e.type === 'image' ? picture(e, false) : h('span', { class: 'text' }, textNode(e))))),
  actions: (block, bid, ctx) => h('div', { class: 'actions' }, (block.elements ?? []).map((e) => elementNode(e, bid, ctx))),
  image: (block) => h('figure', {}, block.title && h('figcaption', {}, plain(block.title)), picture(block, true)),
  input: (block, bid, ctx) => {
    const label = plain(block.label);
    const body = elementNode(block.element, bid, ctx, { dispatch: Boolean(block.dispatch_action), label });
    return h('div', { class: 'input' },
      h('label', { class: 'input-label', onclick: () => (body.querySelector('input') ?? body).focus() }, label,
        block.optional && h('span', { class: 'optional' }, ' (optional)')),
      body, block.hint && h('div', { class: 'hint' }, plain(block.hint)));
  },
  rich_text: richText,
  markdown: (block) => markdown(block.text),
  table: (block) => gridTable((block.rows ?? []).map((row) => row.map(cellOf)), { columns: block.column_settings ?? [] }),
  data_table: dataTable,
  alert: (block) => h('div', { class: `alert ${block.level ?? 'default'}`, role: 'note' }, h('div', { class: 'text' }, textNode(block.text))),
  context_actions: (block, bid, ctx) => h('div', { class: 'context-actions' }, (block.elements ?? []).map((e) => elementNode(e, bid, ctx))),
  card: (block, bid, ctx) => h('div', { class: 'card' }, block.hero_image && picture(block.hero_image, true),
    h('div', { class: 'card-head' }, block.icon && picture(block.icon, false),
      h('div', {}, block.title && h('div', { class: 'card-title text' }, textNode(block.title)), block.subtitle && h('div', { class: 'card-sub text' }, textNode(block.subtitle)))),
    block.body && h('div', { class: 'text' }, textNode(block.body)),
    block.actions && h('div', { class: 'actions' }, block.actions.map((e) => elementNode(e, bid, ctx)))),
  carousel: (block, bid, ctx) => h('div', { class: 'carousel' }, (block.elements ?? block.cards ?? []).map((card) => BLOCKS.card(card, bid, ctx))),
  container: (block, bid, ctx) => h(block.is_collapsible ? 'details' : 'div', { class: 'container', open: block.is_collapsible ? !block.default_collapsed : undefined },
    h(block.is_collapsible ? 'summary' : 'div', { class: 'container-title' }, block.rich_text_title ? richText(block.rich_text_title) : plain(block.title),
      block.subtitle && h('span', { class: 'card-sub text' }, textNode(block.subtitle))),
    (block.child_blocks ?? []).map((child, index) => blockNode(child, index, ctx))),
  video: (block) => h('div', { class: 'card' }, anchor(block.title_url ?? block.video_url ?? '', plain(block.title)), block.description && h('div', { class: 'text' }, plain(block.description))),
};

function blockNode(block, index, ctx) {
  const bid = blockId(block, index);
  const error = ctx.errors[bid];
  const node = BLOCKS[block.type]?.(block, bid, ctx) ?? h('div', { class: 'unknown' }, `[${block.type}]`);
  return h('div', { class: `block block-${block.type}${error ? ' has-error' : ''}`, 'data-bid': bid }, node,
    error && h('div', { class: 'error', role: 'alert' }, icon('close', 12), error));
}

function blockList(parent, blocks, ctx) {
  ctx.blocks = blocks;
  reconcile(parent, blocks ?? [], (block, index) => `${blockId(block, index)}:${block.type}`,
    (block, index) => JSON.stringify([block, ctx.errors[blockId(block, index)]]), (block, index, old) => {
      // A form keeps what was filled in across updates; a message's control starts anew from what the bot sent.
      if (old && !ctx.scope.startsWith('view:')) elementsOf(block).forEach((e) => ctx.values.delete(slot(blockId(block, index), e)));
      return blockNode(block, index, ctx);
    });
}

// ── Channel, messages, thread ────────────────────────────────────────────────────────────────────────

const tint = (text) => [...String(text)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) % 8;
const timeOf = (ts) => new Date(Number(ts) * 1000);
const isBot = (message) => { const user = S.users.find((u) => u.id === message.user); return !user || user.is_bot || Boolean(message.bot_id); };
const botName = () => S.users.find((user) => user.is_bot)?.real_name ?? 'Linkbot';

function avatar(name, bot, size = '') {
  return bot ? h('span', { class: `avatar bot ${size}`, 'aria-hidden': 'true' }, icon('link', size ? 14 : 22))
    : h('span', { class: `avatar tint-${tint(name)} ${size}`, 'aria-hidden': 'true' }, name.trim().split(/\s+/).map((word) => word[0]).slice(0, 2).join('').toUpperCase());
}

function dayLabel(when) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(when).setHours(0, 0, 0, 0)) / 864e5);
  return ['Today', 'Yesterday'][days] ?? when.toLocaleDateString('en-US', { weekday: 'long', month: 'long', day: 'numeric' });
}

function inspector(key, value) {
  const open = ui.inspected.has(key);
  const toggle = (event) => {
    if (open) ui.inspected.delete(key); else ui.inspected.add(key);
    event.currentTarget.blur();
    renderSlack();
  };
  return {
    button: h('button', { type: 'button', class: 'icon-button inspect', title: 'Show JSON', 'aria-label': 'Show JSON', 'aria-pressed': String(open), onclick: toggle }, icon('braces', 16)),
    panel: open && h('pre', { class: 'json', tabindex: '0' }, JSON.stringify(value, null, 2)),
  };
}

function messageBody(message, channel, scope) {
  const ctx = contextOf(scope, { type: 'message', channel, ts: message.ts }, message.state, message.blocks);
  const body = h('div', { class: 'blocks', 'data-scope': scope });
  if (message.blocks?.length) blockList(body, message.blocks, ctx);
  else if (message.text) body.append(h('div', { class: 'text' }, mrkdwn(message.text)));
  for (const attachment of message.attachments ?? []) {
    const inner = h('div', { class: 'attachment' });
    if (attachment.blocks) inner.append(...attachment.blocks.map((block, index) => blockNode(block, index, ctx)));
    else inner.append(h('div', { class: 'text' }, mrkdwn(attachment.text ?? attachment.fallback)));
    body.append(inner);
  }
  for (const file of message.files ?? []) {
    body.append(h('div', { class: 'attachment' }, h('a', { href: `/slack/client/file/${file.id}`, download: file.name }, file.name)));
  }
  return body;
}

function messageNode({ message, compact, day, channel, inThread }, old) {
  const bot = isBot(message);
  const name = message.username ?? (bot ? botName() : userName(message.user));
  const when = timeOf(message.ts);
  const json = inspector(`${channel}:${message.ts}`, message);
  const time = h('time', { class: 'time', datetime: when.toISOString(), title: when.toLocaleString() }, clock(when));
  const fresh = !old && Date.now() - when < 4000;
  return h('div', { class: ['message', compact && 'compact', message.ephemeral && 'ephemeral', fresh && 'fresh'].filter(Boolean).join(' ') },
    day && h('div', { class: 'day', role: 'separator' }, h('span', {}, day)),
    message.ephemeral && h('div', { class: 'only-you' }, icon('eye', 14), 'Only visible to you · ', h('button', {
      type: 'button', class: 'link-button', onclick: () => { ui.dismissed.add(message.ts); renderSlack(); },
    }, 'Dismiss')),
    h('div', { class: 'message-row' },
      h('div', { class: 'gutter' }, compact ? time.cloneNode(true) : avatar(name, bot)),
      h('div', { class: 'message-main' },
        !compact && h('div', { class: 'message-head' }, h('span', { class: 'name' }, name), bot && h('span', { class: 'app-tag' }, 'APP'), time),
        messageBody(message, channel, `${inThread ? 'thread' : 'message'}:${channel}:${message.ts}`),
        message.reply_count > 0 && !inThread && h('button', { type: 'button', class: 'replies', onclick: () => { ui.thread = message.ts; renderSlack(); } },
          avatar(name, bot, 'mini'), h('b', {}, `${message.reply_count} ${message.reply_count === 1 ? 'reply' : 'replies'}`), h('span', {}, 'View thread')),
        json.panel)),
    h('div', { class: 'hover-tools' }, !message.ephemeral && h('button', {
      type: 'button', class: 'link-button', title: 'Message shortcut of the app',
      onclick: async () => { await slack('shortcut', { callback_id: 'link_from_message', channel, ts: message.ts }); await refresh(); },
    }, 'Link SKU from message'), json.button));
}

function messageList(parent, list, channel, inThread = false) {
  let before = null;
  const items = list.map((message) => {
    const when = timeOf(message.ts);
    const newDay = !inThread && (!before || timeOf(before.ts).toDateString() !== when.toDateString());
    const compact = !newDay && before?.user === message.user && !message.ephemeral && !before.ephemeral && Number(message.ts) - Number(before.ts) < 300;
    before = message;
    return { message, compact, day: newDay ? dayLabel(when) : '', channel, inThread };
  });
  reconcile(parent, items, ({ message }) => message.ts,
    ({ message, compact, day }) => JSON.stringify([message, compact, day, ui.inspected.has(`${channel}:${message.ts}`)]), (item, _, old) => messageNode(item, old));
}

function renderCenter() {
  const home = ui.channel === HOME;
  const channel = S.channels.find((c) => c.id === ui.channel);
  const name = home ? botName() : roomName(channel);
  $('channel-name').replaceChildren(...[home ? avatar(name, true, 'mini') : channel?.is_im ? avatar(name, isBotRoom(channel), 'mini') : icon(channel?.is_private ? 'lock' : 'hash', 18), name]);
  const topic = channel?.topic?.value ?? channel?.topic ?? '';
  $('channel-topic').replaceChildren(...mrkdwn(home ? 'Links TikTok Shop SKUs to Shopify variants' : topic).flat(Infinity));
  const im = S.channels.find(isBotRoom);
  const tabs = home || (im && channel?.id === im.id);
  $('app-tabs').hidden = !tabs;
  if (tabs) {
    reconcile($('app-tabs'), [[HOME, 'Home'], ...(im ? [[im.id, 'Messages']] : [])], ([id]) => id, ([id]) => String(id === ui.channel), ([id, label]) => h('button', {
      type: 'button', role: 'tab', 'aria-selected': String(id === ui.channel), onclick: () => goTo(id),
    }, label));
  }
  $('home').hidden = !home;
  $('messages').hidden = $('intro').hidden = $('composer').hidden = home;
  if (home) { $('scroll').dataset.of = HOME; renderThread([]); renderHome(); return; }
  const all = (S.messages?.[ui.channel] ?? []).filter((message) => !ui.dismissed.has(message.ts));
  const list = all.filter((message) => !message.thread_ts || message.thread_ts === message.ts || message.reply_broadcast);
  const box = $('scroll');
  const follow = box.scrollHeight - box.scrollTop - box.clientHeight < 80 || box.dataset.of !== ui.channel || Date.now() - ui.sentAt < 3000;
  reconcile($('intro'), channel ? [channel] : [], (c) => c.id, (c) => JSON.stringify(c), (c) => h('div', {},
    h('h2', {}, c.is_im ? roomName(c) : `# ${c.name}`),
    h('p', {}, c.is_im ? 'This conversation is just between the two of you.' : `This is the very beginning of #${c.name}.`)));
  messageList($('messages'), list, ui.channel);
  if (follow) box.scrollTop = box.scrollHeight;
  box.dataset.of = ui.channel;
  $('composer-text').placeholder = `Message ${channel?.is_im ? name : `#${name}`}`;
  renderThread(all);
}

function renderThread(all) {
  const parent = ui.thread && all.find((message) => message.ts === ui.thread);
  const pane = $('thread');
  pane.hidden = !parent;
  if (!parent) { pane.replaceChildren(); return; }
  if (!pane.firstChild) {
    pane.append(h('header', { class: 'pane-head' }, h('h2', {}, 'Thread'), h('button', {
      type: 'button', class: 'icon-button', 'aria-label': 'Close thread', onclick: () => { ui.thread = null; renderSlack(); },
    }, icon('close', 18))), h('div', { class: 'pane-body' }));
  }
  messageList(pane.lastChild, all.filter((message) => message.ts === parent.ts || message.thread_ts === parent.ts), ui.channel, true);
}

function renderHome() {
  const view = S.home;
  const json = inspector('home', view);
  const ctx = contextOf('home', { type: 'home', view_id: view?.id }, view?.state, view?.blocks ?? []);
  const box = $('home');
  if (!box.firstChild) box.append(h('div', { class: 'home-tools' }), h('div', { class: 'blocks home-blocks', 'data-scope': 'home' }), h('div'));
  box.children[0].replaceChildren(json.button);
  if (view?.blocks?.length) blockList(box.children[1], view.blocks, ctx);
  else box.children[1].replaceChildren(h('div', { class: 'empty', 'data-key': '-' }, h('b', {}, 'Work in progress'), h('p', {}, 'The app has not published its Home yet.')));
  box.children[2].replaceChildren(...(json.panel ? [json.panel] : []));
}

// ── Sidebar and composer ─────────────────────────────────────────────────────────────────────────────

const isBotRoom = (channel) => Boolean(channel?.is_im) && (S.users.find((u) => u.id === channel.user)?.is_bot || /linkbot|^bot$/i.test(channel.name ?? '') || !S.users.some((u) => u.id === channel.user || u.name === channel.name));
const roomName = (channel) => (channel?.is_im ? (isBotRoom(channel) ? botName() : userName(channel.user ?? channel.name)) : channel?.name ?? '');

function goTo(id) {
  ui.channel = id;
  ui.thread = null;
  history.replaceState(null, '', `#${encodeURIComponent(id)}`);
  keepingFocus(renderSlack);
  if (id === HOME) slack('home', {}).then(refresh); else $('composer-text').focus();
}

function unread(id) {
  const newest = (S.messages?.[id] ?? []).at(-1)?.ts ?? '0';
  if (id === ui.channel || !(id in ui.seen)) ui.seen[id] = newest;
  return Number(newest) > Number(ui.seen[id]);
}

function renderSidebar() {
  $('team-name').textContent = S.team?.name ?? 'Workspace';
  const row = ({ id, mark, name, fresh }) => h('li', {}, h('button', {
    type: 'button', class: `nav-item${fresh ? ' unread' : ''}`, 'aria-current': id === ui.channel ? 'page' : null, onclick: () => goTo(id),
  }, mark, h('span', { class: 'nav-name' }, name)));
  const fill = (list, rooms_, mark) => reconcile(list, rooms_, (c) => c.id, (c) => JSON.stringify([c, c.id === ui.channel, unread(c.id)]),
    (c) => row({ id: c.id, mark: mark(c), name: roomName(c), fresh: unread(c.id) }));
  fill($('channels'), S.channels.filter((c) => !c.is_im), (c) => icon(c.is_private ? 'lock' : 'hash', 16));
  const dms = S.channels.filter((c) => c.is_im);
  $('nav-dms').hidden = !dms.length;
  fill($('dms'), dms, (c) => avatar(roomName(c), isBotRoom(c), 'mini'));
  reconcile($('apps'), [HOME], (id) => id, () => String(ui.channel === HOME) + botName(), () => row({ id: HOME, mark: avatar(botName(), true, 'mini'), name: botName() }));
  const users = S.users.filter((user) => !user.is_bot);
  reconcile($('user'), users, (user) => user.id, (user) => JSON.stringify(user), (user) => h('option', { value: user.id },
    `${user.real_name ?? user.name}${user.is_admin ? ' · admin' : user.is_restricted ? ' · guest' : user.is_stranger ? ' · Slack Connect' : ''}`));
  $('user').value = ui.user;
}

async function sendMessage() {
  const text = $('composer-text').value.trim();
  if (!text) return;
  ui.sent.push(text);
  ui.sentAt = Date.now();
  $('composer-text').value = '';
  growComposer();
  await slack(text.startsWith('/') ? 'command' : 'message', { channel: ui.channel, text });
  refresh();
}

function growComposer() {
  const area = $('composer-text');
  area.style.height = 'auto';
  area.style.height = `${Math.min(area.scrollHeight, 160)}px`;
  const typed = area.value;
  const hint = $('command-hint');
  hint.hidden = !(typed.startsWith('/') && '/link'.startsWith(typed));
  if (!hint.hidden) {
    hint.replaceChildren(h('div', { class: 'hint-title' }, 'Commands matching ', h('b', {}, typed)), h('button', {
      type: 'button', onclick: () => { area.value = '/link '; area.focus(); growComposer(); },
    }, avatar('', true, 'mini'), h('b', {}, '/link'), h('span', {}, '[SKU or words] · link a TikTok SKU to Shopify'), h('small', {}, botName())));
  }
  document.querySelector('.send').disabled = !typed.trim();
}

function startComposer() {
  const area = $('composer-text');
  document.querySelector('.send').append(icon('send', 18));
  area.addEventListener('input', growComposer);
  area.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); sendMessage(); }
    if (event.key === 'Tab' && !$('command-hint').hidden) { event.preventDefault(); area.value = '/link '; growComposer(); }
    if (event.key === 'ArrowUp' && !area.value && ui.sent.length) { event.preventDefault(); area.value = ui.sent.at(-1); growComposer(); }
    if (event.key === 'Escape') area.blur();
  });
  $('composer').addEventListener('submit', (event) => { event.preventDefault(); sendMessage(); });
  growComposer();
}

// ── Modals ───────────────────────────────────────────────────────────────────────────────────────────

const modals = new Map();

function renderModals() {
  const views = (S.views ?? []).filter((view) => !ui.closedViews.has(view.id));
  for (const [id, modal] of modals) {
    if (!views.some((view) => view.id === id)) { modal.node.remove(); modals.delete(id); contexts.delete(`view:${id}`); if (pop && !pop.owner.isConnected) closePop(); }
  }
  views.forEach((view, index) => {
    if (!modals.has(view.id)) { modals.set(view.id, makeModal(view.id)); $('modals').append(modals.get(view.id).node); }
    const modal = modals.get(view.id);
    modal.update(view);
    modal.node.hidden = index !== views.length - 1;
  });
  const wasOpen = $('app').inert;
  $('app').inert = views.length > 0;
  if (wasOpen && !views.length) $('composer-text').focus({ preventScroll: true });
}

function makeModal(id) {
  const scope = `view:${id}`;
  const parts = { title: h('h2', {}), body: h('div', { class: 'blocks modal-body', tabindex: '-1' }), foot: h('div', { class: 'modal-foot' }), tools: h('span'), json: h('div') };
  const box = h('div', { class: 'modal', role: 'dialog', 'aria-modal': 'true', 'data-scope': scope },
    h('header', { class: 'modal-head' }, parts.title, parts.tools, h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: () => close(true) }, icon('close', 20))),
    h('div', { class: 'progress', 'aria-hidden': 'true' }), parts.body, parts.json, parts.foot);
  const node = h('div', { class: 'overlay' }, box);
  const close = (whole = false) => {
    (whole ? [...modals.keys()] : [id]).forEach((one) => ui.closedViews.add(one));
    renderSlack();
    slack('close', { view_id: id, whole }).then(refresh);
  };
  let shown = null, focused = '';

  const submit = async (event) => {
    event?.preventDefault();
    const ctx = contexts.get(scope);
    ctx.errors = missing(ctx);
    if (!Object.keys(ctx.errors).length) {
      box.classList.add('working');
      const answer = await slack('submit', { view_id: id, values: gather(ctx) });
      ctx.errors = answer.errors ?? {};
      await refresh();
      box.classList.remove('working');
    }
    if (modals.has(id)) { draw(); box.querySelector('.has-error input, .has-error textarea')?.focus(); }
  };
  const draw = () => {
    const ctx = contexts.get(scope);
    keepingFocus(() => blockList(parts.body, shown.blocks ?? [], ctx));
    forgetGone(ctx);
    const stray = Object.entries(ctx.errors).filter(([bid]) => ![...parts.body.children].some((child) => child.dataset.bid === bid));
    const json = inspector(scope, shown);
    parts.tools.replaceChildren(json.button);
    parts.json.replaceChildren(...(json.panel ? [json.panel] : []));
    parts.foot.replaceChildren(...[
      stray.length && h('div', { class: 'error', role: 'alert' }, stray.map(([, text]) => text).join(' · ')),
      h('button', { type: 'button', class: 'btn', onclick: () => close(), 'data-fk': `${scope}|close` }, plain(shown.close) || 'Close'),
      shown.submit && h('button', { type: 'button', class: 'btn primary', onclick: submit, 'data-fk': `${scope}|submit` }, plain(shown.submit)),
    ].filter(Boolean));
  };
  const focusOnLoad = () => {
    const wish = box.querySelector('[data-autofocus]');
    const key = wish?.dataset.fk ?? '';
    if (wish && key !== focused && !(box.contains(document.activeElement) && document.activeElement.matches('input, textarea'))) { focused = key; wish.focus({ preventScroll: true }); }
    else if (!box.contains(document.activeElement) && !$('dialogs').firstChild) parts.body.focus({ preventScroll: true });
  };
  node.addEventListener('pointerdown', (event) => { if (event.target === node) { event.preventDefault(); if (pop) closePop(); else close(); } });
  node.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') { event.stopPropagation(); close(); }
    else if (event.key === 'Enter' && event.target.matches('input.field') && !event.defaultPrevented && shown.submit) submit(event);
    else trapTab(event, box);
  });
  return {
    node,
    update(view) {
      const ctx = contextOf(scope, { type: 'view', view_id: id }, view.state, view.blocks);
      const sign = JSON.stringify([view.hash, view.title, view.blocks, view.errors, view.submit, view.close, ui.inspected.has(scope)]);
      if (sign === parts.sign) return;
      if (shown && shown.hash !== view.hash) ctx.errors = {};
      parts.sign = sign;
      shown = view;
      Object.assign(ctx.errors, view.errors ?? {});
      parts.title.textContent = plain(view.title);
      box.setAttribute('aria-label', plain(view.title));
      draw();
      queueMicrotask(focusOnLoad);
    },
  };
}

/** What Slack's own client checks before it sends a form: required inputs and numbers. */
function missing(ctx) {
  const errors = {};
  (ctx.blocks ?? []).forEach((block, index) => {
    if (block.type !== 'input' || !INITIAL[block.element?.type]) return;
    const bid = blockId(block, index);
    const { type, ...state } = valueOf(ctx, bid, block.element);
    const value = Object.values(state)[0];
    const empty = value === null || value === undefined || value === '' || value.length === 0;
    if (empty && !block.optional && block.element.type !== 'checkboxes') errors[bid] = 'Please complete this required field.';
    if (type !== 'number_input' || empty) return;
    const { min_value: low, max_value: high, is_decimal_allowed: decimals } = block.element;
    if (Number.isNaN(Number(value))) errors[bid] = 'Please enter a number.';
    else if (!decimals && !Number.isInteger(Number(value))) errors[bid] = 'Please enter a whole number.';
    else if (low !== undefined && Number(value) < Number(low)) errors[bid] = `Must be at least ${low}.`;
    else if (high !== undefined && Number(value) > Number(high)) errors[bid] = `Must be at most ${high}.`;
  });
  return errors;
}

function renderNotices() {
  const notices = S.notices ?? [];
  if (ui.seenNotices === null || notices.length < ui.seenNotices) ui.seenNotices = ui.seenNotices === null ? notices.length : 0;
  notices.slice(ui.seenNotices).forEach((notice) => toast(notice.text ?? String(notice)));
  ui.seenNotices = notices.length;
}

function renderSlack() {
  if (ui.channel !== HOME && !S.channels.some((channel) => channel.id === ui.channel)) ui.channel = (S.channels.find((c) => !c.is_im) ?? S.channels[0])?.id ?? '';
  renderSidebar();
  renderCenter();
  renderModals();
  renderNotices();
}

// ── Shop panels ──────────────────────────────────────────────────────────────────────────────────────

const MANY = 40;

function shopPanel({ kind, title, act: where, draw }) {
  const panel = { kind, data: {}, raw: '', tab: 'products', query: '', form: null };
  panel.send = async (path, body) => { const answer = await post(`${where}/${path}`, body); await panel.load(); return answer.ok; };
  panel.load = async () => {
    try {
      const answer = await fetch(`${where}/state`);
      const raw = await answer.text();
      if (answer.ok && raw !== panel.raw) { panel.raw = raw; panel.data = flat(JSON.parse(raw)); panel.paint(); }
    } catch { /* the next poll asks again */ }
  };
  const list = h('div', { class: 'panel-list', tabindex: '-1', onfocusout: () => setTimeout(() => panel.paint(), 50) });
  const tabs = h('div', { class: 'tabs', role: 'tablist' });
  const form = h('div', { class: 'panel-form', hidden: true });
  const sub = h('span', { class: 'panel-sub' });
  const filter = h('input', { type: 'search', class: 'field filter', placeholder: 'Filter', 'aria-label': `Filter ${title}`, oninput: () => { panel.query = filter.value.toLowerCase(); panel.paint(); } });
  panel.hit = (...texts) => !panel.query || texts.some((text) => String(text ?? '').toLowerCase().includes(panel.query));
  panel.toggleForm = (make) => {
    const same = panel.form === make;
    panel.form = same ? null : make;
    form.hidden = same;
    form.replaceChildren(...(same ? [] : [make(panel)]));
    form.querySelector('select, input')?.focus();
  };
  panel.paint = () => {
    const { products = [], orders = [] } = panel.data;
    const places = panel.data.shops ?? panel.data.stores ?? [];
    sub.title = sub.textContent = places.map((place) => place.name).join(', ');
    reconcile(tabs, [['products', 'Products', products.length], ['orders', 'Orders', orders.length]], ([id]) => id, ([id, , count]) => `${count}${panel.tab === id}`,
      ([id, label, count]) => h('button', { type: 'button', role: 'tab', 'aria-selected': String(panel.tab === id), onclick: () => { panel.tab = id; panel.paint(); list.scrollTop = 0; } }, label, h('span', { class: 'count' }, count)));
    const items = draw[panel.tab](panel);
    reconcile(list, items.slice(0, MANY), (item) => `${panel.tab}:${item.id}`, (item) => JSON.stringify([item, places.length]), (item, _, old) => {
      const node = draw.item[panel.tab](item, panel);
      if (old) flash(old, node);
      node.dataset.patient = '1';
      return node;
    });
    const more = items.length > MANY ? `${items.length - MANY} more: use the filter` : items.length ? '' : panel.tab === 'orders' ? 'No orders yet.' : 'No products yet.';
    note.textContent = more;
    columns.hidden = panel.tab !== 'products';
  };
  const note = h('p', { class: 'panel-note' });
  const columns = h('div', { class: 'sku-grid columns', 'aria-hidden': 'true' }, draw.columns.map((label, at) => h('span', { class: at ? 'right' : '' }, label)));
  panel.node = h('section', { class: `panel ${kind}`, 'aria-label': title },
    h('header', { class: 'panel-head' }, h('span', { class: 'shop-mark', 'aria-hidden': 'true' }, title[0]), h('div', { class: 'panel-title' }, h('h2', {}, title), sub),
      h('div', { class: 'panel-acts' }, draw.acts.map(([label, make]) => h('button', { type: 'button', class: 'btn small', onclick: () => panel.toggleForm(make) }, label)))),
    form, h('div', { class: 'panel-bar' }, tabs, filter), columns, h('div', { class: 'panel-scroll' }, list, note));
  return panel;
}

/** One list of products and of orders, also where the server keeps them inside each store. */
function flat(state) {
  const inside = (name) => (state.stores ?? []).flatMap((store) => (store[name] ?? []).map((one) => ({ domain: store.domain, ...one })));
  return { ...state, products: state.products ?? inside('products'), orders: state.orders ?? inside('orders') };
}

/** Marks what is new in a redrawn row, so that a person sees the bot's writes arrive. */
function flash(old, node) {
  const before = new Map([...old.querySelectorAll('[data-watch]')].map((cell) => [cell.dataset.watch, cell.value ?? cell.textContent]));
  node.querySelectorAll('[data-watch]').forEach((cell) => {
    const was = before.get(cell.dataset.watch);
    if (was !== undefined && was !== (cell.value ?? cell.textContent)) cell.classList.add('flash');
  });
}

function cell(label, value, save, { mark = '', watch = label, mode = 'decimal', cls = '' } = {}) {
  const shown = String(value ?? '');
  const input = h('input', {
    type: 'text', inputmode: mode, value: shown, 'aria-label': label, title: `${label}: Enter saves`, spellcheck: 'false', 'data-watch': watch,
    onkeydown: (event) => {
      if (event.key === 'Escape') { input.value = shown; input.blur(); }
      if (event.key === 'Enter') input.blur();
    },
    onchange: async () => {
      const typed = input.value.trim();
      if (typed === shown) return;
      if (mode !== 'text' && !(mode === 'numeric' ? /^-?\d+$/ : /^\d+(\.\d+)?$/).test(typed)) {
        toast(`${label} must be a ${mode === 'numeric' ? 'whole number' : 'price such as 19.90'}.`, 'bad');
        input.value = shown;
        return;
      }
      input.classList.add('saving');
      if (!(await save(typed))) input.value = shown;
      input.classList.remove('saving');
    },
  });
  return h('span', { class: `cell ${cls}` }, mark && h('span', { class: 'cell-mark' }, mark), input);
}

const skuCell = (variation, label, value, save, watch) => h('span', { class: 'sku' }, cell(label, value, save, { watch, mode: 'text', cls: 'code' }),
  variation && !/^default( title)?$/i.test(variation) && h('small', { title: variation }, variation));

const SIGN = { USD: '$', GBP: '£', EUR: '€', JPY: '¥' };
const sign = (currency) => SIGN[currency] ?? (currency ? `${currency} ` : '');
const GOOD = /^(ACTIVE|ACTIVATE|LIVE|PAID|FULFILLED|COMPLETED|DELIVERED|IN_TRANSIT|AWAITING_COLLECTION)$/i;
const BAD = /^(CANCELLED|CANCELED|VOIDED|REFUNDED|DELETED|FAILED|ARCHIVED)$/i;
const status = (text, watch = 'status') => text && h('span', { class: `status ${GOOD.test(text) ? 'good' : BAD.test(text) ? 'bad' : 'wait'}`, 'data-watch': watch }, String(text).toLowerCase().replaceAll('_', ' '));
const smallButton = (label, run, style = '') => h('button', { type: 'button', class: `btn tiny ${style}`, onclick: run }, label);
const placeName = (panel, id) => { const places = panel.data.shops ?? panel.data.stores ?? []; return places.length > 1 ? places.find((p) => (p.id ?? p.domain) === id)?.name : ''; };
const lineText = (line) => h('span', { class: 'line' }, h('b', {}, `${line.quantity} ×`), ' ', h('code', {}, line.seller_sku || line.sku || line.sku_id || '(no SKU)'));

function productCard(product, place, rows) {
  return h('article', { class: 'shop-card' },
    h('div', { class: 'shop-card-head' }, h('b', { title: product.title }, product.title), place && h('small', {}, place), !/^(active|activate)$/i.test(product.status ?? '') && status(product.status)),
    h('div', { class: 'sku-grid', role: 'group', 'aria-label': product.title }, rows));
}

const TIKTOK = {
  columns: ['Seller SKU', 'Price', 'Stock'],
  acts: [['Place order', orderForm], ['Add product', productForm]],
  products: (panel) => (panel.data.products ?? []).filter((p) => panel.hit(p.title, ...(p.skus ?? []).flatMap((s) => [s.seller_sku, s.id]))),
  orders: (panel) => (panel.data.orders ?? []).filter((o) => panel.hit(o.id, o.status, ...(o.lines ?? []).map((line) => line.seller_sku))),
  item: {
    products: (product, panel) => productCard(product, placeName(panel, product.shop_id), (product.skus ?? []).map((sku) => [
      skuCell(sku.title, 'Seller SKU', sku.seller_sku, (seller_sku) => panel.send('sku', { sku_id: sku.id, seller_sku }), `${sku.id}s`),
      cell('Price', sku.price, (price) => panel.send('sku', { sku_id: sku.id, price }), { mark: sign(sku.currency), watch: `${sku.id}p` }),
      cell('Stock', sku.stock, (stock) => panel.send('sku', { sku_id: sku.id, stock: Number(stock) }), { watch: `${sku.id}q`, mode: 'numeric' }),
    ])),
    orders: (order, panel) => h('article', { class: 'shop-card order' },
      h('div', { class: 'shop-card-head' }, h('code', { title: order.id }, `…${String(order.id).slice(-8)}`), status(order.status), h('span', { class: 'total' }, `${sign(order.currency)}${order.total ?? ''}`)),
      h('div', { class: 'lines' }, (order.lines ?? []).map(lineText)),
      h('div', { class: 'row-acts' }, order.status === 'ON_HOLD' && smallButton('Release hold', () => panel.send('release', { order_id: order.id })),
        !/^(CANCELLED|COMPLETED|DELIVERED|IN_TRANSIT)$/.test(order.status) && smallButton('Cancel', () => panel.send('cancel', { order_id: order.id }), 'danger'))),
  },
};

const SHOPIFY = {
  columns: ['SKU', 'Price', 'Available'],
  acts: [['Add product', productForm]],
  products: (panel) => (panel.data.products ?? []).filter((p) => panel.hit(p.title, ...(p.variants ?? []).map((v) => v.sku))),
  orders: (panel) => (panel.data.orders ?? []).filter((o) => panel.hit(o.name, o.tiktok_id, ...(o.lines ?? []).map((line) => line.sku))),
  item: {
    products: (product, panel) => productCard(product, placeName(panel, product.domain), (product.variants ?? []).map((variant) => [
      skuCell(variant.title, 'SKU', variant.sku, (sku) => panel.send('variant', { variant_id: variant.id, sku }), `${variant.id}s`),
      cell('Price', variant.price, (price) => panel.send('variant', { variant_id: variant.id, price }), { mark: sign(currencyOf(panel, product)), watch: `${variant.id}p` }),
      cell('Available', variant.available, (available) => panel.send('variant', { variant_id: variant.id, available: Number(available) }), { watch: `${variant.id}q`, mode: 'numeric' }),
      h('button', {
        type: 'button', class: 'icon-button tiny-icon', title: 'Delete variant', 'aria-label': `Delete variant ${variant.sku ?? ''}`,
        onclick: async () => { if (await confirmed(ASK_DELETE)) panel.send('delete_variant', { variant_id: variant.id }); },
      }, icon('trash', 14)),
    ])),
    orders: (order, panel) => shopifyOrder(order, panel),
  },
};
const ASK_DELETE = { title: 'Delete this variant?', text: { type: 'plain_text', text: 'It disappears from Shopify, as if someone had deleted it in the admin.' }, confirm: 'Delete', deny: 'Keep it', style: 'danger' };
const currencyOf = (panel, product) => (panel.data.stores ?? []).find((store) => store.domain === product.domain)?.currency;

function shopifyOrder(order, panel) {
  const fulfil = h('form', { class: 'fulfil', hidden: true, onsubmit: (event) => {
    event.preventDefault();
    const [number, company] = fulfil.querySelectorAll('input');
    panel.send('fulfil', { order_id: order.id, tracking_number: number.value.trim(), company: company.value.trim() });
  } }, h('input', { class: 'field', placeholder: 'Tracking number', 'aria-label': 'Tracking number', required: true }),
  h('input', { class: 'field', value: 'UPS', placeholder: 'Company', 'aria-label': 'Carrier company', required: true }), h('button', { class: 'btn tiny primary' }, 'Ship'));
  const open = order.fulfillment_status && /^fulfilled$/i.test(order.fulfillment_status) ? false : !BAD.test(order.financial_status ?? '') && !order.cancelled && !order.cancelled_at;
  return h('article', { class: 'shop-card order' },
    h('div', { class: 'shop-card-head' }, h('b', {}, order.name), order.cancelled ? status('CANCELLED') : status(order.financial_status, 'money'), status(order.fulfillment_status ?? 'UNFULFILLED', 'ship'), h('span', { class: 'total' }, `${sign(order.currency)}${order.total ?? ''}`)),
    h('div', { class: 'lines' }, (order.lines ?? []).map(lineText), order.tiktok_id && h('small', { title: order.tiktok_id }, `TikTok …${String(order.tiktok_id).slice(-8)}`)),
    open && h('div', { class: 'row-acts' }, smallButton('Fulfil', () => { fulfil.hidden = !fulfil.hidden; fulfil.querySelector('input').focus(); })), fulfil);
}

function placePicker(panel) {
  const places = panel.data.shops ?? panel.data.stores ?? [];
  return h('select', { class: 'field', 'aria-label': panel.kind === 'tiktok' ? 'Shop' : 'Store', hidden: places.length < 2 }, places.map((place) => h('option', { value: place.id ?? place.domain }, place.name)));
}

const formFoot = (panel, make, label) => h('div', { class: 'form-foot' }, h('button', { type: 'button', class: 'btn small', onclick: () => panel.toggleForm(make) }, 'Cancel'), h('button', { class: 'btn small primary' }, label));

function orderForm(panel) {
  const place = placePicker(panel);
  const lines = h('div', { class: 'form-lines' });
  const addLine = () => {
    const skus = (panel.data.products ?? []).filter((p) => p.shop_id === place.value).flatMap((p) => (p.skus ?? []).map((sku) => [sku, p]));
    lines.append(h('div', { class: 'form-line' }, h('select', { class: 'field', 'aria-label': 'SKU' }, skus.map(([sku, product]) => h('option', { value: sku.id }, `${sku.seller_sku || sku.id} · ${product.title}`.slice(0, 70)))),
      h('input', { class: 'field quantity', type: 'number', min: 1, value: 1, 'aria-label': 'Quantity' })));
  };
  place.addEventListener('change', () => { lines.replaceChildren(); addLine(); });
  addLine();
  const state = h('select', { class: 'field', 'aria-label': 'Status' }, h('option', { value: 'AWAITING_SHIPMENT' }, 'Paid · awaiting shipment'), h('option', { value: 'ON_HOLD' }, 'On hold (TikTok’s first hour)'));
  const form = h('form', { 'aria-label': 'Place order', onsubmit: async (event) => {
    event.preventDefault();
    const chosenLines = [...lines.children].map((row) => ({ sku_id: row.children[0].value, quantity: Number(row.children[1].value) }));
    if (await panel.send('order', { shop_id: place.value, lines: chosenLines, status: state.value })) { panel.toggleForm(orderForm); panel.tab = 'orders'; panel.paint(); }
  } }, h('h3', {}, 'Place an order as a TikTok buyer'), place, lines, h('button', { type: 'button', class: 'link-button', onclick: addLine }, '+ another SKU'), state, formFoot(panel, orderForm, 'Place order'));
  return form;
}

function productForm(panel) {
  const place = placePicker(panel);
  const tiktok = panel.kind === 'tiktok';
  const title = h('input', { class: 'field', placeholder: 'Title', 'aria-label': 'Title', required: true });
  const rows = h('div', { class: 'form-lines' });
  const field = (label, props) => h('input', { class: 'field', placeholder: label, 'aria-label': label, ...props });
  const addRow = () => rows.append(h('div', { class: 'form-line three' }, field(tiktok ? 'Seller SKU' : 'SKU', {}), field('Price', { inputmode: 'decimal', value: '19.90', required: true }), field('Stock', { inputmode: 'numeric', value: '25', required: true })));
  addRow();
  return h('form', { 'aria-label': 'Add product', onsubmit: async (event) => {
    event.preventDefault();
    const items = [...rows.children].map(({ children: [sku, price, stock] }) => ({ [tiktok ? 'seller_sku' : 'sku']: sku.value.trim(), price: price.value.trim(), stock: Number(stock.value) }));
    const body = tiktok ? { shop_id: place.value, title: title.value.trim(), skus: items } : { domain: place.value, title: title.value.trim(), variants: items };
    if (await panel.send('product', body)) panel.toggleForm(productForm);
  } }, h('h3', {}, tiktok ? 'Add a product in Seller Center' : 'Add a product in the Shopify admin'), place, title, rows, h('button', { type: 'button', class: 'link-button', onclick: addRow }, tiktok ? '+ another SKU' : '+ another variant'), formFoot(panel, productForm, 'Add product'));
}

const panels = [
  shopPanel({ kind: 'tiktok', title: 'TikTok Shop', act: '/tiktok/panel', draw: TIKTOK }),
  shopPanel({ kind: 'shopify', title: 'Shopify', act: '/shopify/panel', draw: SHOPIFY }),
];
const refreshShops = debounce(() => panels.forEach((panel) => panel.load()), 150);

// ── Start ────────────────────────────────────────────────────────────────────────────────────────────

$('brand-mark').append(icon('link', 16));
$('dock').append(...panels.map((panel) => panel.node));
$('user').addEventListener('change', () => {
  ui.user = $('user').value;
  sessionStorage.setItem('user', ui.user);
  contexts.clear();
  $('scroll').dataset.of = '';
  lastState = '';
  refresh().then(() => { if (ui.channel === HOME) slack('home', {}).then(refresh); });
});
startComposer();
refresh().then(() => { if (ui.channel === HOME) slack('home', {}).then(refresh); });
panels.forEach((panel) => panel.load());
setInterval(() => { if (!document.hidden) panels.forEach((panel) => panel.load()); }, 2000);
listen();
