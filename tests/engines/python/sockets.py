"""A client of a WebSocket API."""

import json
import socket
import time
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage


class Socket:
    """A WebSocket to a path of the engine. `is_open` is false if the API has rejected it."""

    def __init__(self, endpoint, path):
        address = urlsplit(endpoint)
        self.stream = socket.create_connection((address.hostname, address.port))
        self.connection = WSConnection(ConnectionType.CLIENT)
        self.stream.sendall(self.connection.send(Request(host=address.netloc, target=path)))
        self.is_open = isinstance(self.next(30), AcceptConnection)

    def next(self, patience):
        """Returns the next event, or `None` if there is none for these seconds."""
        ends = time.monotonic() + patience
        while (left := ends - time.monotonic()) > 0:
            for event in self.connection.events():
                if isinstance(event, (AcceptConnection, RejectConnection, TextMessage, CloseConnection)):
                    return event
            self.stream.settimeout(left)
            try:
                data = self.stream.recv(262144)
            except TimeoutError:
                return None
            if not data:
                return None
            self.connection.receive_data(data)
        return None

    def send(self, message):
        self.stream.sendall(self.connection.send(TextMessage(data=json.dumps(message))))

    def close(self):
        self.stream.sendall(self.connection.send(CloseConnection(code=1000)))
        self.stream.close()
