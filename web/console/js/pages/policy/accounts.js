// The accounts of a step, in the order in which they are tried; none named means every account of the channel.
import { html } from "../../html.js";
import { t, word } from "../../lang.js";
import { wrong } from "../../policy/check.js";
import { moved } from "../../policy/shape.js";

export function Accounts({ step, accounts, set, canWrite, errors, at }) {
  const chosen = step.accounts || [];
  const ofChannel = accounts.filter((a) => a.channel === step.channel);
  const left = ofChannel.filter((a) => !chosen.includes(a.name));
  const weighted = step.prefer === "weighted";
  const named = chosen.length > 0 ? chosen : weighted ? ofChannel.map((a) => a.name) : [];
  const choose = (next) => set({ accounts: next, weights: step.weights && Object.fromEntries(Object.entries(step.weights).filter(([name]) => next.length === 0 || next.includes(name))) });
  const weigh = (name, typed) => {
    const { [name]: _, ...rest } = step.weights || {};
    set({ weights: typed === "" ? rest : { ...rest, [name]: Number(typed) } });
  };
  const error = [wrong(errors, at + "accounts"), wrong(errors, at + "weights")].filter(Boolean).join("; ");
  return html`<fieldset class="step-accounts"><legend>${t(weighted ? "policy.accounts_weighted" : "policy.accounts")}</legend>
    ${chosen.length === 0 && html`<p class="faint">${t("policy.every_account", { channel: word("channel", step.channel) })} ${!weighted && ofChannel.length > 0 && html`<span class="names">${ofChannel.map((a) => a.name).join(", ")}</span>`}</p>`}
    ${named.length > 0 && html`<ol class="account-rows">${named.map((name, i) => html`<li key=${name}>
      <span class="account">${name}${state(ofChannel, name)}</span>
      ${weighted && html`<input class="weight" type="number" min="0" max="1000" step="1" disabled=${!canWrite} placeholder="1" aria-label=${t("policy.weight_of", { account: name })}
        value=${step.weights?.[name] ?? ""} onInput=${(e) => weigh(name, e.currentTarget.value)} />`}
      ${canWrite && chosen.length > 0 && html`<span class="row-buttons">
        ${!weighted && html`<button type="button" class="small quiet" disabled=${i === 0} aria-label=${t("policy.account_up", { account: name })} onClick=${() => choose(moved(chosen, i, -1))}>↑</button>
        <button type="button" class="small quiet" disabled=${i === chosen.length - 1} aria-label=${t("policy.account_down", { account: name })} onClick=${() => choose(moved(chosen, i, 1))}>↓</button>`}
        <button type="button" class="small quiet" aria-label=${t("policy.account_remove", { account: name })} onClick=${() => choose(chosen.filter((a) => a !== name))}>×</button>
      </span>`}
    </li>`)}</ol>`}
    ${canWrite && left.length > 0 && html`<select class="add-account" aria-label=${t("policy.add_account")} value="" onChange=${(e) => { choose([...chosen, e.currentTarget.value]); e.currentTarget.value = ""; }}>
      <option value="">${t(chosen.length ? "policy.add_account" : "policy.only_account")}</option>${left.map((a) => html`<option value=${a.name}>${a.name}</option>`)}</select>`}
    ${error && html`<p class="error">${error}</p>`}
  </fieldset>`;
}

// state says what keeps an account from sending.
function state(accounts, name) {
  const found = accounts.find((a) => a.name === name);
  if (accounts.length === 0 || found?.state === "active") return null;
  return html` <span class="tag" data-tone="doubt">${found ? word("reason", "account_" + found.state) : t("policy.unknown_account")}</span>`;
}
