function show(domNode, spec) {
  SwaggerUIBundle({ domNode, spec, deepLinking: true, validatorUrl: null });
}
