"""names.py DIRECTORY - imitates the daemons of three name service modules

systemd-resolved knows resolve.example, Avahi knows printer.local, and SSSD
knows no host.  The file asked in the directory gets a line for each question.
An SMTP server at port 2501 of 127.0.0.1 writes the messages to the file sent.
"""
import json
import os
import socketserver
import struct
import sys
import threading

directory = sys.argv[1]


def note(name, line):
    with open(os.path.join(directory, name), "a", encoding="utf-8") as file:
        file.write(line + "\n")


class Resolved(socketserver.StreamRequestHandler):
    """Varlink: JSON that ends with NUL."""

    def handle(self):
        data = b""
        while block := self.request.recv(4096):
            data += block
            while b"\0" in data:
                text, data = data.split(b"\0", 1)
                self.answer(json.loads(text))

    def answer(self, call):
        parameters = call.get("parameters", {})
        note("asked", "resolved " + parameters.get("name", "?"))
        reply = {"error": "io.systemd.Resolve.NoSuchResourceRecord",
                 "parameters": {}}
        if parameters.get("name") == "resolve.example" and \
                parameters.get("family", 2) != 10:
            reply = {"parameters": {
                "addresses": [{"ifindex": 1, "family": 2,
                               "address": [127, 0, 0, 1]}],
                "name": "resolve.example", "flags": 1}}
        self.request.sendall(json.dumps(reply).encode() + b"\0")


class Avahi(socketserver.StreamRequestHandler):
    """RESOLVE-HOSTNAME-IPV4 printer.local"""

    def handle(self):
        command, _, name = self.rfile.readline().decode().strip().partition(" ")
        note("asked", "avahi " + name)
        if name == "printer.local" and command == "RESOLVE-HOSTNAME-IPV4":
            self.wfile.write(b"+ 1 0 printer.local 127.0.0.1\n")
        else:
            self.wfile.write(b"-15 Timeout reached\n")


class SSSD(socketserver.StreamRequestHandler):
    """Headers of four numbers; the first call asks for the version, 1."""

    def handle(self):
        while len(head := self.rfile.read(16)) == 16:
            size, command = struct.unpack("=2I8x", head)
            body = self.rfile.read(size - 16)
            if command == 1:
                body = struct.pack("=I", 1)
            else:
                note("asked", "sssd " + body.split(b"\0")[0].decode())
                body = struct.pack("=2I", 0, 0)
            self.wfile.write(struct.pack("=4I", 16 + len(body), command, 0, 0)
                             + body)


class SMTP(socketserver.StreamRequestHandler):
    def handle(self):
        self.reply("220 lab.test ESMTP")
        while line := self.rfile.readline().decode().strip().upper():
            if line == "DATA":
                self.reply("354 End data with <CR><LF>.<CR><LF>")
                while (text := self.rfile.readline()) not in (b".\r\n", b""):
                    note("sent", text.decode().rstrip())
            self.reply("221 2.0.0 Bye" if line == "QUIT" else "250 2.0.0 Ok")

    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class TCPServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


def serve(server):
    threading.Thread(target=server.serve_forever).start()


os.umask(0)
for path, handler in (
        ("/run/systemd/resolve/io.systemd.Resolve", Resolved),
        ("/run/avahi-daemon/socket", Avahi),
        ("/var/lib/sss/pipes/nss", SSSD)):
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    serve(UnixServer(path, handler))
serve(TCPServer(("127.0.0.1", 2501), SMTP))
