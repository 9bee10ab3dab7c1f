// Answers a query by the reference implementation of GraphQL, over the items of the example's table.
//
// node execute.mjs FOLDER_OF_NODE_MODULES <{schema, query, posts, authors}
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/package.json`);
const { buildSchema, graphql } = require("graphql");
const { schema, query, posts, authors } = JSON.parse(readFileSync(0, "utf8"));

const withAuthor = (post) => ({
  ...post,
  author() {
    const author = authors.find(({ id }) => id === post.authorId);
    if (!author) throw new Error("the author of this post is not known");
    return author;
  },
});
const rootValue = { posts: () => posts.map(withAuthor) };
const result = await graphql({ schema: buildSchema(schema), source: query, rootValue });
console.log(JSON.stringify(result));
