// A template as people would get it: asked of the service while it is written.
import { post } from "../../api.js";
import { html, useEffect, useState } from "../../html.js";
import { money, number } from "../../format.js";
import { t, word } from "../../lang.js";
import { useReturns } from "../../live.js";
import { Failure, Section } from "../../ui/parts.js";
import { Rendering } from "../message/content.js";
import { channels, fill } from "./shape.js";

// usePreview asks for the rendering a moment after the last change: {data, problem}. What came before stays until then.
export function usePreview(body, values, to) {
  const [state, setState] = useState({});
  const returns = useReturns();
  const asked = JSON.stringify({ template: body, params: values, ...(to && { to }) });
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      post("/v1/templates/preview", JSON.parse(asked), { signal: stop.signal, background: true }).then(
        (data) => setState({ data }),
        (problem) => problem.name !== "AbortError" && setState((s) => ({ ...s, problem })),
      );
    }, 300);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [asked, returns]);
  return state;
}

// Preview stands the channels side by side, with the text without marks beside the SMS.
export function Preview({ of: { data, problem }, onPlain }) {
  const sms = data?.channels.sms;
  return html`<${Section} title=${t("template_preview.title")} note=${t("template_preview.note")}>
    <${Failure} problem=${problem} />
    <div class="renderings" aria-live="polite">
      ${channels.filter((c) => data?.channels[c]).map((c) => html`<${One} key=${c} channel=${c} of=${data.channels[c]} />`)}
      ${sms?.plain && html`<${Plain} of=${sms.plain} onPlain=${onPlain} />`}
    </div>
  <//>`;
}

const Price = ({ of }) => html`<span class="num">${of ? money(of) : html`<span class="faint">${t("template_preview.no_price")}</span>`}</span>`;

// blank tells that nobody has written the channel's text yet, which is no fault of theirs.
const blank = (channel, content) => !(channel === "zns" ? content.template_id : content.text);

const One = ({ channel, of }) => html`<div class="shown" data-channel=${channel}>
  <${Rendering} channel=${channel} content=${of.content} />
  ${blank(channel, of.content) ? html`<p class="faint">${t("template_preview.blank")}</p>` : of.problem && html`<p class="error">${of.problem}</p>`}
  ${(of.price || !of.problem) && html`<p class="cost"><span class="faint">${t("template_preview.price")}</span> <${Price} of=${of.price} /></p>`}
  ${of.segments > 0 && html`<${Meter} text=${of.content.text || ""} segments=${of.segments} encoding=${of.encoding} />`}
</div>`;

function Plain({ of: p, onPlain }) {
  return html`<div class="shown" data-plain="true">
    <div class="rendering"><h3>${t("template_preview.plain")}</h3><p class="bubble">${p.text}</p></div>
    <p class="cost"><span class="faint">${t("template_preview.price")}</span> <${Price} of=${p.price} />
      ${p.saves && Number(p.saves.amount) > 0 && html`<strong class="saves num">${t("template_preview.saves", { amount: money(p.saves) })}</strong>`}</p>
    <${Meter} text=${p.text} segments=${p.segments} encoding=${p.encoding} />
    ${onPlain && html`<p><button type="button" class="small" onClick=${onPlain}>${t("template_preview.use_plain")}</button></p>`}
  </div>`;
}

// Meter shows how much of its segments an SMS takes.
export function Meter({ text, segments, encoding }) {
  const { used, most } = fill(text, encoding, segments || 1);
  return html`<p class="filling"><progress data-full=${used > most * 0.95 || undefined} max=${most} value=${used} aria-label=${t("template_preview.meter")}></progress>
    <span class="num">${t("template_preview.used", { used: number(used), most: number(most) })}</span> <span class="faint num">${t("content.segments", { n: segments || 1 })} · ${word("encoding", encoding)}</span></p>`;
}
