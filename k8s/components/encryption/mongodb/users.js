// Creates the services' users, or gives those that exist the passwords and rights of the Secret.
const files = "tlsCAFile=/certificates/ca.crt&tlsCertificateKeyFile=/certificates/tls-combined.pem";
const login = "authMechanism=MONGODB-X509&authSource=%24external";
const primary = new Mongo(`mongodb://${db.hello().primary}/?tls=true&${files}&${login}`);
const admin = primary.getDB("admin");
for (const { user, ...account } of JSON.parse(require("fs").readFileSync("/users/users.json", "utf8"))) {
  if (admin.getUser(user)) admin.updateUser(user, account);
  else admin.createUser({ user, ...account });
  print(`user: ${user}`);
}
