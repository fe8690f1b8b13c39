# SPDX-License-Identifier: Apache-2.0
"""Reads requests with h11, for peer_h11.c.

It reads a length (4 bytes, little endian) and as many bytes. It writes the line "complete END
KEEP_ALIVE" or "refused", and then a length and the message as text (message.h) in the same form.
"""

import struct
import sys

import h11


def read(data):
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    out = []
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            raise ValueError("not complete")
        if isinstance(event, h11.Request):
            version = b"1.0" if event.http_version == b"1.0" else b"1.1"
            out.append(event.method + b" " + event.target + b" HTTP/" + version + b"\n")
            out += [name + b": " + value + b"\n" for name, value in event.headers.raw_items()]
            out.append(b"\n")
        elif isinstance(event, h11.Data):
            out.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            end = len(data) - len(connection.trailing_data[0])
            # We never switch the protocol; once we decline, h11 tells the state of the connection.
            if connection.their_state is h11.MIGHT_SWITCH_PROTOCOL:
                connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
            keep = connection.their_state is h11.DONE
            return "complete %d %d" % (end, keep), b"".join(out)
        else:
            raise ValueError("unexpected %r" % event)


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sink.write(b"ready h11 %s\n" % h11.__version__.encode())
    sink.flush()
    while header := source.read(4):
        try:
            line, text = read(source.read(struct.unpack("<I", header)[0]))
        except (h11.ProtocolError, ValueError) as error:
            line, text = "refused 0 0", str(error).encode()
        sink.write(line.encode() + b"\n" + struct.pack("<I", len(text)) + text)
        sink.flush()


main()
