// What graphql_app/static/graphiql.js uses, bundled into one script as the global `GraphiQLKit`.
export { createElement, useState } from "react";
export { createRoot } from "react-dom/client";
export { getNamedType, isLeafType, isListType, isNonNullType, isObjectType, isRequiredArgument } from "graphql";
export { createGraphiQLFetcher } from "@graphiql/toolkit";
export { ToolbarButton, useEditorContext } from "@graphiql/react";
export { GraphiQL } from "graphiql";
export { explorerPlugin } from "@graphiql/plugin-explorer";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
