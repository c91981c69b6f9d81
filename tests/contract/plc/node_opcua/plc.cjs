// A PLC of one part, played by node-opcua: browse, subscribe, trigger, acknowledge.
//   node plc.cjs URL STATION FOLDER     FOLDER holds the client's keys; the answer is JSON
"use strict";

const opcua = require("node-opcua");

const [url, station, folder] = process.argv.slice(2);
const WAIT_MS = 20000;

async function main() {
  const client = opcua.OPCUAClient.create({
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 3, initialDelay: 100 },
    clientCertificateManager: new opcua.OPCUACertificateManager({ rootFolder: folder }),
  });
  await client.connect(url);
  const session = await client.createSession();
  try {
    return await play(session);
  } finally {
    await session.close();
    await client.disconnect();
  }
}

async function play(session) {
  const namespaces = await session.readNamespaceArray();
  const ns = namespaces.indexOf("urn:referee:inspection");
  const id = (name) => `ns=${ns};s=${station}.Inspection${name ? "." + name : ""}`;
  const read = async (name) => (await session.read({ nodeId: id(name) })).value.value;
  const write = (values) =>
    session.write(
      values.map(([name, dataType, value]) => ({
        nodeId: id(name),
        attributeId: opcua.AttributeIds.Value,
        value: { value: { dataType, value } },
      })),
    );
  const until = (name, wanted) =>
    eventually(async () => (await read(name)) === wanted, () => `${name} is not ${wanted}`);
  const acknowledge = async (seq) => {
    const answer = await session.call({
      objectId: id(""),
      methodId: id("AckResult"),
      inputArguments: [{ dataType: "UInt16", value: seq }],
    });
    const [state] = answer.outputArguments ?? [];
    return { status: answer.statusCode.name, state: state?.value };
  };

  const browsed = await browse(session, id(""));
  const { subscription, nextEvent, heard } = await subscribe(session, id, ns);
  let beat = 0;
  const heartbeat = setInterval(() => write([["PlcHeartbeat", "UInt16", ++beat & 0xffff]]), 400);
  try {
    await write([
      ["TriggerSeq", "UInt16", 0],
      ["PlcBootId", "UInt16", 77],
      ["LineRunning", "Boolean", true],
      ["TriggerEnable", "Boolean", true],
      ["BufferEnable", "Boolean", true],
    ]);
    await until("Phase", 3);
    const event = nextEvent();
    const triggered = await write([
      ["PartId", "UInt32", 4711],
      ["Encoder", "UInt32", 123456],
      ["TriggerSeq", "UInt16", 1],
    ]);
    const result = await event;
    const unknown = await acknowledge(9);
    const pass = await acknowledge(result.ResultSeq);
    const again = await acknowledge(result.ResultSeq);
    const readOnly = await write([["Verdict", "UInt16", 1]]).catch((error) => error.message);
    await until("Passed", 1);
    await eventually(() => heard.at(-1) === 1, () => `AckState was heard as ${heard}`);
    return {
      browsed,
      triggered: triggered.map((code) => code.name),
      result,
      unknown,
      pass,
      again,
      readOnly: String(readOnly),
      heard,
      ackEcho: await read("AckEcho"),
    };
  } finally {
    clearInterval(heartbeat);
    await subscription.terminate();
  }
}

async function eventually(condition, complaint) {
  const end = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function browse(session, nodeId) {
  const found = await session.browse({
    nodeId,
    referenceTypeId: "HasComponent",
    includeSubtypes: true,
    browseDirection: opcua.BrowseDirection.Forward,
    nodeClassMask: 0,
    resultMask: 63,
  });
  return found.references.map((reference) => reference.browseName.name);
}

async function subscribe(session, id, ns) {
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 50,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 10,
    maxNotificationsPerPublish: 100,
    publishingEnabled: true,
    priority: 1,
  });
  const heard = [];
  const item = await subscription.monitor(
    { nodeId: id("AckState"), attributeId: opcua.AttributeIds.Value },
    { samplingInterval: 0, queueSize: 10, discardOldest: true },
    opcua.TimestampsToReturn.Both,
  );
  item.on("changed", (data) => heard.push(data.value.value));
  const fields = ["ResultSeq", "PartIdEcho", "EncoderEcho", "Verdict", "Cause", "BridgeBootId"];
  const events = await subscription.monitor(
    { nodeId: id(""), attributeId: opcua.AttributeIds.EventNotifier },
    {
      samplingInterval: 0,
      queueSize: 10,
      discardOldest: true,
      filter: opcua.constructEventFilter(
        fields.map((field) => `${ns}:${field}`),
        opcua.ofType(`ns=${ns};s=ResultReadyType`),
      ),
    },
    opcua.TimestampsToReturn.Both,
  );
  const nextEvent = () =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no ResultReady event")), WAIT_MS);
      events.once("changed", (values) => {
        clearTimeout(timer);
        resolve(Object.fromEntries(fields.map((field, i) => [field, values[i].value])));
      });
    });
  return { subscription, nextEvent, heard };
}

main().then(
  (answer) => {
    process.stdout.write(JSON.stringify(answer) + "\n");
    process.exit(0);
  },
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
