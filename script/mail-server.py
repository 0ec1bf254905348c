"""A local mail server for the demo: real SMTP, every message kept in a Maildir.   mail-server.py HOST:PORT MAILDIR"""
import asyncio
import mailbox
import signal
import sys

from aiosmtpd.controller import UnthreadedController


class Keep:
    def __init__(self, folder):
        self.box = mailbox.Maildir(folder, create=True)

    async def handle_DATA(self, server, session, envelope):
        message = mailbox.MaildirMessage(envelope.content)
        del message["X-Envelope-To"]
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.box.add(message)
        return "250 kept"


async def main():
    host, port = sys.argv[1].rsplit(":", 1)
    controller = UnthreadedController(Keep(sys.argv[2]), hostname=host, port=int(port), loop=asyncio.get_running_loop())
    controller.server = await controller._create_server()
    stop = asyncio.Event()
    for s in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(s, stop.set)
    await stop.wait()
    controller.server.close()


asyncio.run(main())
