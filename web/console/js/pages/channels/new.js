// An account is added step by step: channel, provider, settings; then its address for the provider's site, and a check.
import { post, query } from "../../api.js";
import { html, useState } from "../../html.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Link, go, useFilters } from "../../router.js";
import { may } from "../../session.js";
import { Field, Form, useDraft, useSaving } from "../../ui/form.js";
import { Channel, Empty, Failure, Notice, Page, Section, Waiting } from "../../ui/parts.js";
import { Added } from "./added.js";
import { Rate, Settings, readSetting } from "./settings.js";

const start = { channel: "", adapter: "", name: "", settings: {}, per_second: "", concurrency: "" };

export function NewChannel() {
  const [filters] = useFilters();
  const adapters = useLoad("/v1/adapters");
  const [draft, setDraft, drop] = useDraft("channel.new", start);
  const [secrets, setSecrets] = useState({});
  const step = filters.id ? 4 : Math.min(Number(filters.step) || 1, draft.adapter ? 3 : draft.channel ? 2 : 1);
  const to = (n) => go("/channels/new" + query({ step: n > 1 && n }));
  const chosen = adapters.data?.data.find((a) => a.name === draft.adapter);
  const change = (changes) => setDraft((d) => ({ ...d, ...changes }));
  const added = (account) => {
    drop(start);
    setSecrets({});
    go("/channels/new" + query({ id: account.id }), { replace: true });
  };
  const body = {
    1: () => html`<${ChooseChannel} value=${draft.channel} onNext=${(channel) => { change(channel === draft.channel ? {} : { channel, adapter: "" }); to(2); }} />`,
    2: () => html`<${ChooseAdapter} list=${adapters.data.data} channel=${draft.channel} value=${draft.adapter} onBack=${() => to(1)}
      onNext=${(adapter) => { change(adapter === draft.adapter ? {} : { adapter, settings: {}, name: `${adapter}-${draft.channel}` }); to(3); }} />`,
    3: () => (chosen ? html`<${Fill} adapter=${chosen} draft=${draft} change=${change} secrets=${secrets} setSecrets=${setSecrets} onBack=${() => to(2)} onAdded=${added} />`
      : html`<${Notice} tone="bad">${t("channel_new.adapter_gone", { adapter: draft.adapter })}<//>`),
    4: () => html`<${Added} id=${filters.id} adapters=${adapters.data.data} />`,
  }[step];
  return html`<${Page} title=${t("channels.add")} crumbs=${[["/channels", t("nav.channels")]]}>
    ${may("config:write") ? html`
      <${Steps} now=${step} draft=${draft} />
      <${Failure} problem=${adapters.problem} again=${adapters.again} />
      ${adapters.data ? body() : !adapters.problem && html`<${Waiting} lines=${6} />`}` : html`<${Notice}>${t("channels.may_not")}<//>`}
  <//>`;
}

// Steps show where one is; those behind lead back.
function Steps({ now, draft }) {
  const said = { 1: draft.channel && word("channel", draft.channel), 2: draft.adapter && word("adapter", draft.adapter) };
  return html`<ol class="steps" aria-label=${t("channel_new.steps")}>${[1, 2, 3, 4].map((n) => {
    const inside = html`<span class="steps-number num">${n}</span> ${t("channel_new.step" + n)}${now > n && now < 4 && said[n] ? html` <span class="faint">${said[n]}</span>` : ""}`;
    return html`<li data-done=${n < now || undefined} aria-current=${n === now ? "step" : undefined}>${n < now && now < 4 ? html`<${Link} href=${"/channels/new" + query({ step: n > 1 && n })}>${inside}<//>` : html`<span>${inside}</span>`}</li>`;
  })}</ol>`;
}

// Choices is a question with one answer among a few.
function Choices({ title, name, options, value, onNext, onBack }) {
  const [picked, pick] = useState(options.some(([v]) => v === value) ? value : options[0]?.[0]);
  const send = (event) => {
    event.preventDefault();
    onNext(picked);
  };
  return html`<form onSubmit=${send}><fieldset class="choose"><legend>${title}</legend>
      ${options.map(([v, label, note]) => html`<label class="option-card" data-on=${v === picked || undefined}><input type="radio" name=${name} value=${v} checked=${v === picked} onChange=${() => pick(v)} />
        <span><strong>${label}</strong>${note && html`<span class="note">${note}</span>`}</span></label>`)}</fieldset>
    <div class="actions end">${onBack && html`<button type="button" onClick=${onBack}>${t("channel_new.back")}</button>`}<button class="primary">${t("channel_new.next")}</button></div></form>`;
}

const ChooseChannel = ({ value, onNext }) => html`<${Section} title=${t("channel_new.step1")}>
  <${Choices} title=${t("channel_new.which_channel")} name="channel" value=${value} onNext=${onNext}
    options=${["zns", "viber", "sms"].map((c) => [c, html`<${Channel} of=${c} />`, t("channel_new.about_" + c)])} /><//>`;

function ChooseAdapter({ list, channel, value, onNext, onBack }) {
  const fit = list.filter((a) => a.channels.includes(channel));
  return html`<${Section} title=${t("channel_new.step2")}>
    ${fit.length === 0 ? html`<${Empty} title=${t("channel_new.no_adapter", { channel: word("channel", channel) })} />`
      : html`<${Choices} title=${t("channel_new.which_adapter", { channel: word("channel", channel) })} name="adapter" value=${value} onNext=${onNext} onBack=${onBack}
        options=${fit.map((a) => [a.name, word("adapter", a.name), html`<${Abilities} of=${a} channel=${channel} />`])} />`}<//>`;
}

// Abilities are what a provider tells and can be asked.
function Abilities({ of: a, channel }) {
  const receipts = a.channel_receipts?.[channel] ?? a.receipts ?? [];
  const can = a.can ?? [];
  return html`<span class="abilities">${receipts.length > 0 && html`<span>${t("channel_new.tells", { what: receipts.map((r) => word("receipt", r)).join(", ") })}</span>`}
    ${can.map((c) => html`<span class="tag">${word("adapter_can", c)}</span>`)}</span>`;
}

function Fill({ adapter, draft, change, secrets, setSecrets, onBack, onAdded }) {
  const saving = useSaving();
  const filled = (all) => Object.fromEntries(Object.entries(all).filter(([, v]) => v.trim() !== "").map(([name, v]) => [name, readSetting(v)]));
  const save = () => saving.run(async () => onAdded(await post("/v1/channels", {
    name: draft.name.trim(), channel: draft.channel, adapter: adapter.name, settings: { ...filled(draft.settings), ...filled(secrets) },
    ...((draft.per_second || draft.concurrency) && { rate: { per_second: Number(draft.per_second), concurrency: Number(draft.concurrency) } }),
  })));
  return html`<${Section} title=${t("channel_new.settings_of", { provider: word("adapter", adapter.name) })} note=${t("channel_new.settings_note")} actions=${html`<button type="button" onClick=${onBack}>${t("channel_new.back")}</button>`}>
    <${Form} onSubmit=${save} saving=${saving} submit=${t("channel_new.create")} said=${["name", "rate.per_second", "rate.concurrency", ...adapter.settings.map((s) => "settings." + s.name)]}>
      <${Field} label=${t("channels.name")} hint=${t("channels.name_hint")} value=${draft.name} onInput=${(name) => change({ name })} required maxlength="64" error=${saving.wrong("name")} />
      <${Settings} fields=${adapter.settings} open=${draft.settings} secrets=${secrets} setSecrets=${setSecrets} wrong=${saving.wrong}
        setOpen=${(make) => change({ settings: make(draft.settings) })} />
      <${Rate} of=${draft} change=${change} wrong=${saving.wrong} />
    <//><//>`;
}
