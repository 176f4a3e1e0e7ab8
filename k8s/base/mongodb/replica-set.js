// Makes the three nodes one replica set, and waits until it has a primary. Run again, it changes nothing.
const members = [0, 1, 2].map((number) => ({
  _id: number,
  host: `mongodb-${number}.mongodb.${process.env.NAMESPACE}.svc.cluster.local:27017`,
}));
try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  rs.initiate({ _id: "votes", members });
}
while (!db.hello().primary) sleep(500);
print(`primary: ${db.hello().primary}`);
