/**
 * The wire's outer skin: text to packet, answers to commands. Pure; what frames mean is in stores/world.js.
 */

/** @typedef {{ok: true, [more: string]: unknown} | {ok: false, sentence: string}} Answer */

/**
 * A frame's text is JSON, or "z" and the base64 of deflated JSON.
 * @param {string} text
 * @param {(bytes: Uint8Array) => Promise<string>} inflate
 * @returns {Promise<any>}
 */
export async function packetOf(text, inflate) {
  const packet = JSON.parse(text[0] === "z" ? await inflate(bytesOf(text.slice(1))) : text);
  if (!Array.isArray(packet) || packet.length !== 3 || !Array.isArray(packet[2])) throw new Error("a packet is [seq, run, frames]");
  return packet;
}

/** @param {string} base64 @returns {Uint8Array} */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** @param {Uint8Array} bytes @returns {Promise<string>} */
export async function inflate(bytes) {
  const stream = new Blob([/** @type {BlobPart} */ (bytes)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

/**
 * Hands packets on strictly in the order of arrival, though some take longer to unpack than others.
 * @param {(packet: any) => void} onPacket
 * @param {(error: unknown) => void} onError
 * @param {(bytes: Uint8Array) => Promise<string>} unpack
 */
export function inOrder(onPacket, onError, unpack = inflate) {
  let last = Promise.resolve();
  /** @param {string} text */
  return (text) => {
    const packet = packetOf(text, unpack);
    packet.catch(() => {}); // reported below, in its turn
    last = last.then(async () => onPacket(await packet)).catch(onError);
    return last;
  };
}

/**
 * Commands on their way: each has an id, and is sent again after a reconnect until it is answered. The server applies an id once.
 * @param {(command: Record<string, unknown>, done: (answer: Answer) => void) => void} emit
 * @param {() => string} nextId
 */
export function createOutbox(emit, nextId) {
  /** @type {Map<string, {command: Record<string, unknown>, settle: (answer: Answer) => void}>} */
  const waiting = new Map();
  /** @param {string} id */
  const post = (id) => {
    const entry = waiting.get(id);
    if (!entry) return;
    emit(entry.command, (answer) => {
      if (waiting.delete(id)) entry.settle(answer);
    });
  };
  return {
    /**
     * @param {string} type
     * @param {Record<string, unknown>} fields
     * @returns {Promise<Answer>}
     */
    send(type, fields = {}) {
      const id = nextId();
      return new Promise((settle) => {
        waiting.set(id, { command: { id, type, ...fields }, settle });
        post(id);
      });
    },
    resend() {
      for (const id of [...waiting.keys()]) post(id);
    },
    get size() {
      return waiting.size;
    },
  };
}
