"""
dialogue.py COMMAND [ARGUMENT...] <ANSWERS - run a command on a terminal

Each line of ANSWERS is the end of a question, a tab, and the answer, which is
typed when the question appears.  Prints what the terminal shows, and exits with
the status of the command.
"""
import os
import pty
import select
import sys
import time

DEADLINE_S = 60

answers = [line.split('\t') for line in sys.stdin.read().splitlines()]
child, terminal = pty.fork()
if child == 0:
    os.environ['TERM'] = 'dumb'
    os.execvp(sys.argv[1], sys.argv[1:])

shown = b''
until = time.monotonic() + DEADLINE_S
while True:
    ready, _, _ = select.select([terminal], [], [],
                                max(0, until - time.monotonic()))
    if not ready:
        sys.exit(f'dialogue: no end after {DEADLINE_S} seconds; expected: '
                 f'{answers[:1]}')
    try:
        octets = os.read(terminal, 4096)
    except OSError:     # Linux reports the end of a terminal in this way.
        break
    sys.stdout.buffer.write(octets.replace(b'\r\n', b'\n'))
    sys.stdout.flush()
    shown += octets
    if answers and answers[0][0].encode() in shown:
        _, shown = shown.split(answers[0][0].encode(), 1)
        os.write(terminal, answers.pop(0)[1].encode() + b'\n')

status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if answers:
    sys.exit(f'dialogue: not asked: {answers}')
sys.exit(status if status >= 0 else 128 - status)
