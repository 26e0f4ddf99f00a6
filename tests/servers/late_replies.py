"""
late_replies.py PORT SERVER_PORT N - a network with late replies

Passes connections to PORT on to SERVER_PORT.  In each connection, the replies
that follow the end of one of the first N messages are held back until the
client has sent another MAIL.  Prints "ready" and, at the end of each
connection, the number of messages and of flights from the client.
"""
import select
import socket
import sys
import threading

COMMANDS = (b'MAIL ', b'RCPT ', b'DATA', b'BDAT ', b'RSET', b'QUIT', b'EHLO ')


class Client:
    """What the client has sent."""

    def __init__(self):
        self.rest = b''         # the beginning of a line or of a chunk
        self.chunk = 0          # octets that are missing
        self.in_data = False
        self.messages = 0
        self.mail = False       # after the last message

    def end(self):
        self.messages += 1
        self.mail = False

    def line(self, line):
        if self.in_data and not line.startswith(COMMANDS):
            if line == b'.':
                self.in_data = False
                self.end()
            return
        self.in_data = line == b'DATA'
        self.mail |= line.startswith(b'MAIL ')
        if line.startswith(b'BDAT '):
            self.chunk = int(line.split()[1])

    def feed(self, octets):
        self.rest += octets
        while self.rest:
            if self.chunk > 0:
                n = min(self.chunk, len(self.rest))
                self.rest = self.rest[n:]
                self.chunk -= n
                if self.chunk == 0:
                    self.end()
                continue
            line, end, rest = self.rest.partition(b'\r\n')
            if not end:
                break
            self.rest = rest
            self.line(line)


def receive(connection):
    """Octets, or none at the end: a side that closes with replies unread, such
    as those to what it sent ahead, resets the connection."""
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b''


def send(connection, octets):
    """False if the other side has closed the connection."""
    try:
        connection.sendall(octets)
    except OSError:
        return False
    return True


def pass_on(client, port, most):
    server = socket.create_connection(('127.0.0.1', port))
    heard = Client()
    held = b''
    flights, replied, ended = 0, True, False
    while not ended:
        ready, _, _ = select.select([client, server], [], [])
        if client in ready:
            octets = receive(client)
            ended = not octets
            flights += replied and not ended
            replied = False
            heard.feed(octets)
            send(server, octets)
        if server in ready:
            octets = receive(server)
            ended |= not octets
            held += octets
        late = 0 < heard.messages <= most and not heard.mail
        if held and (ended or not late):
            ended |= not send(client, held)
            held = b''
            replied = True
    print(heard.messages, flights, flush=True)
    client.close()
    server.close()


port, server_port, most = map(int, sys.argv[1:])
listener = socket.create_server(('127.0.0.1', port))
print('ready', flush=True)
while True:
    threading.Thread(target=pass_on, daemon=True,
                     args=(listener.accept()[0], server_port, most)).start()
