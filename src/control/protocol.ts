/**
 * The control socket's language: one JSON object per line, one answer per request, in order.
 *
 *   → {"command":"status","only":["laptop"]}      ← {"ok":true,"result":Snapshot}     `only`, names of peers, may be absent
 *   → {"command":"dashboard"}                     ← {"ok":true,"result":{"url":"http://…"}}     null where it is off
 *   → {"command":"trends","last":60}              ← {"ok":true,"result":TrendsAnswer}   fields of TrendsRequest
 *   → {"command":"forward-add","spec":"…"}       ← {"ok":true,"result":null}         client; forward-remove likewise
 *   → {"command":"forward-list"}                  ← {"ok":true,"result":[Forward]}    client
 *   → {"command":"invite-put","invite":{…}}       ← {"ok":true,"result":null}         server only
 *   → {"command":"reload"}                        ← {"ok":true,"result":Reloaded}
 *   → {"command":"path-list"}                     ← {"ok":true,"result":PathList}     client only, as the following
 *   → {"command":"path-add","interface":"wwan0,backup"}, {"command":"path-remove","interface":"wwan0"}    likewise
 *   → {"command":"wakeup","interface":"wwan0"}    ← {"ok":true,"result":{"woken":1}}  interface may be absent
 *   → {"command":"attend"}                        ← {"ok":true,"result":null}         client; paths are measured closely for 2 s
 *   → {"command":"exclusion","interface":"wlan0"}  ← {"ok":true,"result":Exclusion}       client only
 *   → {"command":"clients","action":"list"}       ← {"ok":true,"result":[ClientListing]}     server only
 *   → {"command":"invites"}                       ← {"ok":true,"result":[InviteListing]}     server only
 *                                                  ← {"ok":false,"error":"…","exitCode":78}     `exitCode` of a `UserError` alone
 */

/** An invite record is below 1 KiB. */
export const MAX_REQUEST_BYTES = 64 * 1024;

/** The status of 4,096 clients with two paths each is about 10 MiB. */
export const MAX_RESPONSE_BYTES = 256 * 1024 * 1024;

export interface Request {
  readonly command: string;
  readonly [key: string]: unknown;
}

export type Response = { ok: true; result: unknown } | { ok: false; error: string; exitCode?: number };

/** Carries out one command; what it throws becomes the answer's `error`. */
export type Handler = (request: Request) => Promise<unknown>;

/** Undefined for what is no request. */
export function parseRequest(line: string): Request | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isRequest = typeof value === 'object' && value !== null && 'command' in value;
    return isRequest && typeof value.command === 'string' ? (value as Request) : undefined;
  } catch {
    return undefined;
  }
}
