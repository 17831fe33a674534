/**
 * The wire's outer layer: from bytes to packets, and from commands to answers. Pure; stores/world.js knows what frames mean.
 */
import { inEnglish, Reader } from "./pack.js";

/** @typedef {{ok: true, [more: string]: unknown} | {ok: false, sentence: string}} Answer */

/**
 * A packet's bytes, inflated if they are deflated; the first byte says so.
 * @param {ArrayBuffer|Uint8Array} data
 * @param {(bytes: Uint8Array) => Promise<Uint8Array>} inflate
 * @returns {Promise<Uint8Array>}
 */
export async function bytesOf(data, inflate) {
  const bytes = new Uint8Array(data);
  if (bytes[0] > 1) throw new Error("a packet is plain or deflated");
  return bytes[0] === 1 ? inflate(bytes.subarray(1)) : bytes.subarray(1);
}

/** @param {Uint8Array} bytes @returns {Promise<Uint8Array>} */
export async function inflate(bytes) {
  const stream = new Blob([/** @type {BlobPart} */ (bytes)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Reads packets one after the other: `[seq, run, frames]`. The frames for everybody build on earlier packets. So after a gap it can read
 * only the frames that need no tables, until a snapshot comes.
 */
export function createEar(sentence = inEnglish) {
  const stream = new Reader(sentence);
  let follows = -1;
  /** @param {Uint8Array} bytes @returns {[number, number, Array<[string, any]>]} */
  return (bytes) => {
    const alone = new Reader(sentence);
    const [seq, run, frames] = [alone.unpacked(bytes), alone.unpacked(bytes, alone.place), alone.unpacked(bytes, alone.place)];
    if (!Number.isInteger(seq) || !Number.isInteger(run) || !Array.isArray(frames)) throw new Error("a packet is [seq, run, frames]");
    const opening = new Reader(sentence);
    const tables = opening.unpacked(bytes, alone.place);
    if (tables === null && seq !== follows) return [seq, run, frames];
    follows = -1; // a packet that cannot be read counts as a gap
    if (tables !== null) stream.knows(tables === true ? [[], []] : tables);
    const shared = stream.unpacked(bytes, opening.place, !Array.isArray(tables));
    follows = seq + 1;
    return [seq, run, [...frames, ...shared]];
  };
}

/**
 * Passes packets on strictly in the order of arrival, although some take longer to unpack than others.
 * @param {(packet: any) => void} onPacket
 * @param {(error: unknown) => void} onError
 * @param {(bytes: Uint8Array) => Promise<Uint8Array>} unpack
 */
export function inOrder(onPacket, onError, unpack = inflate, sentence = inEnglish) {
  const heard = createEar(sentence);
  let last = Promise.resolve();
  /** @param {ArrayBuffer|Uint8Array} data */
  return (data) => {
    const bytes = bytesOf(data, unpack);
    bytes.catch(() => {}); // reported below, when it is this packet's turn
    last = last.then(async () => onPacket(heard(await bytes))).catch(onError);
    return last;
  };
}

const [EVENT, ACK, CONNECT_ERROR] = [2, 3, 4];

/**
 * Socket.IO's text form (the part that we need: one namespace), in which a binary message is a whole `frame` by itself. Socket.IO itself
 * would use two messages, 45 bytes more, and with a threaded server another message may get between them.
 */
export const parser = {
  protocol: 5,
  Encoder: class {
    /** @param {{type: number, id?: number, data?: unknown}} packet */
    encode({ type, id, data }) {
      return [`${type}${id ?? ""}${data === undefined ? "" : JSON.stringify(data)}`];
    }
  },
  Decoder: class {
    constructor() {
      /** @type {Map<string, (packet: any) => void>} */
      this.hearers = new Map();
    }

    /** @param {string} name @param {(packet: any) => void} hearer */
    on(name, hearer) {
      this.hearers.set(name, hearer);
    }

    /** @param {string} name */
    off(name) {
      this.hearers.delete(name);
    }

    /** @param {string|ArrayBuffer} message */
    add(message) {
      this.hearers.get("decoded")?.(typeof message === "string" ? textPacket(message) : { type: EVENT, nsp: "/", data: ["frame", message] });
    }

    destroy() {}
  },
};

/** @param {string} text */
function textPacket(text) {
  const [, type, id, json] = /^([0-4])(\d*)([^]*)$/.exec(text) ?? [];
  const packet = { type: Number(type), nsp: "/", id: id ? Number(id) : undefined, data: json ? JSON.parse(json) : undefined };
  const fits = type && (packet.type === EVENT || packet.type === ACK ? Array.isArray(packet.data) : packet.type !== CONNECT_ERROR || packet.data);
  if (!fits) throw new Error("that is no Socket.IO packet");
  return packet;
}

/**
 * Commands without an answer yet: each has an id, and is sent again after a reconnect until it is answered. The server applies an id once.
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
