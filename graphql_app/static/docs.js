// Starts Swagger UI on the server's own description. No validator badge: it would call a public service.
"use strict";

window.SwaggerUIBundle({
  dom_id: "#docs",
  url: "openapi.json",
  deepLinking: true,
  docExpansion: "none", // thousands of open entries would take the browser many seconds
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
});
