// The policy being edited: what is stored, what was changed, and the text of its JSON while that is typed.
import { tenant } from "../../api.js";
import { useMemo } from "../../html.js";
import { fault } from "../../policy/json.js";
import { bodyOf, fresh, misshapen, pretty, prune, same } from "../../policy/shape.js";
import { useDraft } from "../../ui/form.js";

// read answers {policy} of a text, or {line, column} where it is not JSON, or {field} where it is no policy.
function read(text) {
  let policy;
  try {
    policy = JSON.parse(text);
  } catch {
    return { ...fault(text) };
  }
  const field = misshapen(policy);
  return field ? { field } : { policy };
}

// useEdited answers the policy as it stands in the form, with ways to change it. The draft outlives reloads; base is the
// version it began from.
export function useEdited(name, stored) {
  const begin = useMemo(() => (stored ? bodyOf(stored) : fresh()), [stored]);
  const [draft, setDraft, drop] = useDraft(`policy:${tenant.get()}:${name}`, null);
  const policy = draft?.policy ?? begin;
  const text = draft?.text ?? pretty(policy);
  const typed = draft?.text !== undefined ? read(draft.text) : {};
  const base = draft?.base ?? stored?.version ?? 0;
  const keep = (next) => (stored && same(next, begin) ? drop(null) : setDraft({ ...kept, policy: next }));
  const kept = { base, name: draft?.name ?? name };
  return {
    policy, text, base,
    name: kept.name,
    fault: typed.line || typed.field ? typed : null,
    changed: draft !== null && (!stored || !same(policy, begin) || Boolean(typed.line || typed.field)),
    change: (changes) => keep(prune({ ...policy, ...changes })),
    rename: (to) => setDraft({ ...kept, policy, name: to }),
    write: (next) => setDraft({ ...kept, policy: read(next).policy ?? policy, text: next }),
    // settle lays the text out again once it is left, if it can be read.
    settle: () => draft?.text !== undefined && read(draft.text).policy && keep(policy),
    drop: () => drop(null),
  };
}
