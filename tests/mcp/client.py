"""The client of the MCP project in Python against the server, in the era of the second argument; the schemas are checked, too."""

import asyncio
import sys

import jsonschema
from mcp import Client, MCPError

URL, MODE = sys.argv[1:]


async def main():
    async with Client(URL, mode=MODE) as client:
        print(client.protocol_version)
        assert client.server_info.name == "pilaster-fixture", client.server_info
        assert client.instructions == "Call the tools."

        tools, cursor, pages = {}, None, 0
        while True:
            page = await client.list_tools(cursor=cursor)
            tools |= {tool.name: tool for tool in page.tools}
            pages += 1
            cursor = page.next_cursor
            if cursor is None:
                break
        assert (pages, len(tools)) == (4, 14), (pages, list(tools))
        for tool in tools.values():
            for schema in filter(None, [tool.input_schema, tool.output_schema]):
                jsonschema.Draft202012Validator.check_schema(schema)
                assert schema["type"] == "object", tool.name

        async def call(name, arguments=None):
            result = await client.call_tool(name, arguments)
            if result.structured_content is not None:
                jsonschema.validate(result.structured_content, tools[name].output_schema)
            return result

        added = await call("add", {"a": 9007199254740993, "b": 1})
        assert added.structured_content == {"sum": 9007199254740994}, added
        counted = await call("count_letters", {"text": "é世"})
        assert counted.structured_content == {"result": 2}, counted
        assert (await call("test_simple_text")).content[0].text.startswith("This is a simple text")
        assert (await call("route", {"region": "Hello, 世界"})).content[0].text == "Hello, 世界"

        wrong = await call("add", {"a": "one", "b": 1})
        assert wrong.is_error and "/a" in wrong.content[0].text and "one" not in wrong.content[0].text, wrong
        panicked = await call("panics")
        assert panicked.is_error and "secret" not in panicked.content[0].text, panicked
        try:
            unknown = await client.call_tool("nope", {})
        except MCPError as error:
            assert error.code == -32602, error
        else:
            raise AssertionError(unknown)
    print("ok")


asyncio.run(main())
