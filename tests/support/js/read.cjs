// SPDX-License-Identifier: Apache-2.0
// read.cjs FOLDER…: every message of a listener's folder, read by the SDK of CloudEvents and checked against the published schema.
// Prints a line a message: mode, type, source, id, and the key of what it carries.
const fs = require('fs');
const path = require('path');
const {HTTP} = require('cloudevents');

for (const folder of process.argv.slice(2)) {
    const numbers = fs.readdirSync(folder).filter((name) => name.endsWith('.body')).map((name) => parseInt(name, 10));
    for (const number of numbers.sort((a, b) => a - b)) {
        const head = fs.readFileSync(path.join(folder, number + '.head'), 'utf8').split('\n').slice(1).filter((line) => line.includes(':'));
        const headers = Object.fromEntries(head.map((line) => {
            const colon = line.indexOf(':');
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }));
        const message = {headers, body: fs.readFileSync(path.join(folder, number + '.body'), 'utf8')};
        if (!HTTP.isEvent(message)) {
            console.log(`${number} is no event`);
            continue;
        }
        for (const event of [HTTP.toEvent(message)].flat()) {
            event.validate(); // throws where the schema is not met
            const bad = Object.keys(event).filter((name) => !/^[a-z0-9]{1,20}$/.test(name) && name !== 'data_base64');
            if (bad.length > 0) {
                throw new Error(`attribute names that the specification does not allow: ${bad}`);
            }
            const data = event.data.key ? Object.values(event.data.key).join(',') : event.data.event;
            console.log(`${headers['ce-id'] ? 'binary' : 'structured'} ${event.type} ${event.source} ${/^[0-9a-f]{32}$/.test(event.id)} ${data}`);
        }
    }
}
