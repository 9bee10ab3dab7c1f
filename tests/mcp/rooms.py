"""The client of the MCP project in Python against the agent example behind its function URL, in the era of the second argument."""

import asyncio
import sys

import jsonschema
from mcp import Client

URL, MODE = sys.argv[1:]


async def main():
    async with Client(URL, mode=MODE) as client:
        print(client.protocol_version)
        assert client.server_info.name == "rooms", client.server_info
        assert client.instructions == "Find rooms before you quote one."
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(tools) == ["find_rooms", "quote"], tools

        async def call(name, **arguments):
            result = await client.call_tool(name, arguments)
            if result.structured_content is not None:
                jsonschema.validate(result.structured_content, tools[name].output_schema)
            return result

        found = await call("find_rooms", guests=2, max_cents=15000)
        assert found.structured_content == {"rooms": [{"name": "sea", "guests": 2, "cents": 14000}]}, found
        quoted = await call("quote", room="sea", nights=2)
        assert quoted.structured_content == {"result": 28000}, quoted
        refused = await call("quote", nights=2)
        assert refused.is_error and refused.content[0].text == "name a room", refused
    print("ok")


asyncio.run(main())
