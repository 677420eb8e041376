// Package httpgw speaks to any HTTP gateway by configuration alone: the adapter "http". Its settings are a tree that
// says how a message becomes a request, what counts as taken, and how callbacks become receipts. A preset is such a
// tree for a gateway that is known: the account names it and gives its own values.
//
// Texts of a request are templates:
//
//	{{name}}                          a variable: to, to_digits, text, id, callback_url, params.NAME, secret.NAME, value.NAME, …
//	{{name|ascii|upper}}              through transforms
//	{{name == 'a' ? 'b' : 'c'}}       one of two texts, transforms may follow
//	{{name|number}}                   alone in a JSON body: a number instead of a text
//	{{name|omit_empty}}               alone in a JSON field, a form field, a query field or a header: left out when
//	                                  empty, and with it an object in which nothing is left
//	{{params}}                        alone in a JSON body: the template's data as an object
//	[{"each_param": {"k": "{{param_name}}", "v": "{{param_value}}"}}]
//	                                  in a JSON list: one item for each of the template's data, by name
//
// A url may begin with {{base_url}}, which is the setting of that name. {{layout}} says what a message is made of:
// text, image, button or image_button.
package httpgw
