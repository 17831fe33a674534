/** The one place that talks to the server: Socket.IO, packets in order, commands until they are answered (docs/wire.md). */
import { io } from "socket.io-client";
import { createOutbox, inflate, inOrder, parser } from "./lib/wire.js";
import { server } from "./words/index.js";

const TOKEN = "capscope token";
const COME_BACK = 4000; // milliseconds in which visitors can read the server's goodbye
const ANSWER_MAX = 15_000; // milliseconds; the server answers within ten seconds

/**
 * @param {{session: string, onPacket: (packet: any) => void, onConnected: (connected: boolean, sentence: string) => void, onBroken: (error: unknown) => void}} given
 */
export function connect({ session, onPacket, onConnected, onBroken }) {
  const transports = ["websocket", "polling"]; // a WebSocket first: a hall that comes by polling makes six requests a phone
  const socket = io({ transports, tryAllTransports: true, auth: { session, token: token() }, reconnectionDelay: 400, reconnectionDelayMax: 4000, parser });
  let count = 0;
  const stem = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
  const outbox = createOutbox(
    (command, done) => {
      if (socket.connected) socket.timeout(ANSWER_MAX).emit("command", command, (/** @type {unknown} */ late, /** @type {any} */ answer) => late || done(inLanguage(answer)));
    },
    () => `${stem}.${(count += 1)}`,
  );
  socket.on("frame", inOrder(onPacket, onBroken, inflate, server));
  socket.on("connect", () => {
    onConnected(true, "");
    outbox.resend();
  });
  socket.on("disconnect", (reason) => {
    onConnected(false, "");
    if (reason === "io server disconnect") setTimeout(() => socket.connect(), COME_BACK); // after the server's disconnect, Socket.IO does not reconnect by itself
  });
  const hurry = () => {
    if (socket.active && !socket.connected && document.visibilityState === "visible") socket.disconnect().connect(); // or else it waits for its next try
  };
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  socket.on("connect_error", (error) => onConnected(false, socket.active ? "" : error.message));
  return { send: outbox.send };
}

/** The short addresses at which others join a session, the best first; none when only this machine reaches the server. @param {string} session @returns {Promise<string[]|null>} */
export const joining = (session) => read(`/s/${session}/join`).then((answer) => answer?.addresses ?? null);

/** The secret link that makes another device the owner's, or null. @param {string} session @param {string} at one of the server's addresses @returns {Promise<string|null>} */
export const ownerLink = (session, at) => read(`/s/${session}/owner?at=${encodeURIComponent(at)}`).then((answer) => answer?.link ?? null);

/** @param {string} path @returns {Promise<any>} null when it is refused, or when the connection is lost, which the page says already */
async function read(path) {
  try {
    const answer = await fetch(path);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** A refusal in the page's language. @param {any} answer */
function inLanguage(answer) {
  return typeof answer?.sentence === "string" ? { ...answer, sentence: server(answer.template ?? answer.sentence, answer.values) } : answer;
}

/** This browser's own random name: it survives a reload, and all its tabs have one vote and one seat together. */
function token() {
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(36).padStart(2, "0")).join("");
  try {
    const kept = localStorage.getItem(TOKEN) ?? fresh;
    localStorage.setItem(TOKEN, kept);
    return kept;
  } catch {
    return fresh; // storage is forbidden here: each tab is a visitor of its own, and after a reload a new one
  }
}
