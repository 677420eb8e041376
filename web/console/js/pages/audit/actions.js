// actions lists the words of the audit log.
export const actions = [
  "session.create", "session.delete", "session.password", "session.refused",
  "user.create", "user.patch", "user.delete",
  "message.send", "message.batch", "message.cancel", "message.confirm", "message.reveal",
  "policy.put", "policy.delete", "channel.create", "channel.patch", "channel.delete", "channel.check", "channel.authorize", "channel.sync",
  "template.put", "template.delete", "routes.put", "prices.put", "limits.put",
  "callback.create", "callback.patch", "callback.delete", "callback.replay",
  "suppression.put", "suppression.delete", "consent.put", "consent.delete",
  "tenant.create", "key.create", "key.revoke",
];
