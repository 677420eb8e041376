package simulator

import "time"

var (
	never = new(time.Duration(-1))
	sec1  = new(time.Second)
	sec2  = new(2 * time.Second)
)

// magic is test mode's table of numbers: what each channel does. A channel that is not named delivers as usual.
var magic = map[string][]Rule{
	"84900000001": {{Channel: ZNS, Deliver: sec1, Read: sec2}},                                                      // delivered and read in 2 s
	"84900000002": {{Channel: ZNS, Deliver: sec2, Read: never}},                                                     // delivered, never read
	"84900000003": {{Channel: ZNS, Outcome: Refuse, Code: CodeUnknownUser}},                                         // no Zalo account, Viber delivers
	"84900000004": {{Channel: ZNS, Deliver: never}, {Channel: Viber, Outcome: Fail, Code: CodeUnknownUser}},         // ZNS silent, no Viber, SMS delivers
	"84900000005": {{Channel: ZNS, Outcome: CutTaken}},                                                              // cut, was taken, later proven delivered
	"84900000006": {{Channel: ZNS, Outcome: CutNotTaken}},                                                           // cut, was not taken
	"84900000007": {{Channel: ZNS, AfterNext: true}},                                                                // the receipt comes after the next step left
	"84900000008": {{Deliver: sec1, Read: sec2, Repeat: 2, Shuffle: true}},                                          // receipts repeated and out of order
	"84900000009": {{Channel: ZNS, Outcome: Refuse, Code: CodeUnknownUser}, {Outcome: Fail, Code: CodeUnknownUser}}, // every step fails
	"84900000010": {{Outcome: Throttle, For: 30 * time.Second}},                                                     // throttled for 30 s
	"84900000011": {{Channel: ZNS, Outcome: Refuse, Code: CodeQuota}},                                               // OA quota used up
	"84900000012": {{Channel: ZNS, Outcome: Refuse, Code: CodeToken}},                                               // token expired, refresh refused
}
