#!/usr/bin/python3
"""
browser.py URL - act as a browser that an authorization server redirects

For BROWSER.  Fetches the URL, which must reply with a redirect, and does with
its target what the words in BROWSER_DOES say, in their order:

    get            requests the target
    state          ... with another state
    path           ... another path of the same server
    post           ... with POST
    six            ... at ::1
    large          ... with 40 KiB of header fields, which may be reset
    silent         opens a connection and sends nothing
    half           sends the first half of a request
    show           prints the target

Appends the status of each reply to the file in BROWSER_LOG, a word each.  The
file stays open until the end, so the reader of a FIFO sees the end.  The
certificate of the server must be issued by the authority in BROWSER_CA.
"""
import http.client
import os
import socket
import ssl
import sys
import urllib.parse

log = open(os.environ.get('BROWSER_LOG', os.devnull), 'a', encoding='utf-8')
target = urllib.parse.urlsplit(sys.argv[1])
server = http.client.HTTPSConnection(
    target.netloc, context=ssl.create_default_context(
        cafile=os.environ['BROWSER_CA']), timeout=20)
server.request('GET', f'{target.path}?{target.query}')
reply = server.getresponse()
back = urllib.parse.urlsplit(reply.getheader('Location', ''))
path = f'{back.path or "/"}?{back.query}'
kept = []


def say(word):
    log.write(f'{word} ')
    log.flush()


def ask(method='GET', where=path, host='127.0.0.1', fields=None):
    client = http.client.HTTPConnection(host, back.port, timeout=20)
    client.request(method, where, headers=fields or {})
    answer = client.getresponse()
    answer.read()
    say(answer.status)


def keep(octets):
    client = socket.create_connection(('127.0.0.1', back.port), timeout=20)
    client.sendall(octets)
    kept.append(client)


if reply.status != 302:
    say(f'refused-{reply.status}')
    sys.exit(1)
for word in os.environ.get('BROWSER_DOES', 'get').split():
    if word == 'get':
        ask()
    elif word == 'state':
        ask(where=path.replace('state=', 'state=x'))
    elif word == 'path':
        ask(where='/favicon.ico')
    elif word == 'post':
        ask('POST')
    elif word == 'six':
        ask(host='::1')
    elif word == 'large':
        try:
            ask(fields={f'X-{n}': 'x' * 1000 for n in range(40)})
        except OSError:
            say(431)
    elif word == 'show':
        print(reply.getheader('Location'))
    elif word == 'silent':
        keep(b'')
    elif word == 'half':
        keep(b'GET / HTTP/1.1\r\nHost:')
