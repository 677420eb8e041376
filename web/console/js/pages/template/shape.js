// A template as the editor holds it, and as the API takes it.

export const channels = ["zns", "viber", "sms"];

export const empty = { name: "", category: "transaction", params: [], content: { sms: { text: "" } } };

// blank is what a channel begins with when it is added.
export const blank = { zns: () => ({ template_id: "", template_data: [] }), viber: () => ({ text: "", image_url: "", button: null }), sms: () => ({ text: "" }) };

// formOf reads a template of the API. Data of ZNS becomes a list, so that a name can be typed.
export function formOf(tpl) {
  const { zns, viber, sms } = tpl.content;
  return {
    name: tpl.name, category: tpl.category, params: tpl.params.map((p) => ({ name: p.name, sensitive: Boolean(p.sensitive), example: p.example || "" })),
    content: {
      ...(zns && { zns: { template_id: zns.template_id || "", template_data: Object.entries(zns.template_data || {}) } }),
      ...(viber && { viber: { text: viber.text || "", image_url: viber.image_url || "", button: viber.button || null } }),
      ...(sms && { sms: { text: sms.text || "" } }),
    },
  };
}

// bodyOf is what PUT takes.
export function bodyOf(form) {
  const { zns, viber, sms } = form.content;
  return {
    category: form.category,
    params: form.params.map((p) => ({ name: p.name, sensitive: p.sensitive, ...(p.example && { example: p.example }) })),
    content: {
      ...(zns && { zns: { template_id: zns.template_id.trim(), template_data: Object.fromEntries(zns.template_data.filter(([name]) => name.trim()).map(([name, v]) => [name.trim(), v])) } }),
      ...(viber && { viber: { text: viber.text, ...(viber.image_url.trim() && { image_url: viber.image_url.trim() }), ...(viber.button && { button: viber.button }) } }),
      ...(sms && { sms }),
    },
  };
}

// textsOf lists every text in which a placeholder may stand.
const textsOf = ({ zns, viber, sms }) => [
  ...(zns ? [zns.template_id, ...zns.template_data.map(([, v]) => v)] : []),
  ...(viber ? [viber.text, viber.image_url, viber.button?.text, viber.button?.url] : []),
  sms?.text,
].filter(Boolean);

// usedIn lists the params that a template's texts use, in their order.
export const usedIn = (form) => [...new Set(textsOf(form.content).flatMap((text) => [...text.matchAll(/\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g)].map((m) => m[1])))];

// capacity of SMS: one part alone, and each of several, in the units of its alphabet.
const room = { gsm7: [160, 153], ucs2: [70, 67] };

// fill tells how much of its segments a text takes: {used, most}.
export function fill(text, encoding, segments) {
  const [alone, each] = room[encoding] ?? room.ucs2;
  const used = encoding === "gsm7" ? text.length + (text.match(/[\^{}\\[~\]|€]/g)?.length ?? 0) : text.length;
  return { used, most: segments > 1 ? segments * each : alone };
}
