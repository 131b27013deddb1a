// A Node application with OpenTelemetry's own instrumentation and no Heliograph in it: `heliograph meter` counts it.
const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { OpenAIInstrumentation } = require('@opentelemetry/instrumentation-openai');

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'node-client' }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] });

const OpenAI = require('openai'); // after its instrumentation
const client = new OpenAI();
const ask = (content, more) =>
  client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }], ...more });

async function main() {
  await ask('What is a span?');
  await ask('What is a log?');
  for await (const _ of await ask('What is a trace?', { stream: true, stream_options: { include_usage: true } }));
  await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one text', 'another text'] });
  await provider.shutdown();
}

main();
