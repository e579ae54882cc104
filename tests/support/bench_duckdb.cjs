// SPDX-License-Identifier: Apache-2.0
//
// node bench_duckdb.cjs DATABASE SQL…: runs the statements one after the other, for scripts/bench. The library is found by NODE_PATH.
const { DuckDBInstance } = require('@duckdb/node-api');

async function main([database, ...statements]) {
    const instance = await DuckDBInstance.create(database);
    const connection = await instance.connect();
    for (const sql of statements)
        await connection.run(sql);
    connection.closeSync();
    instance.closeSync();
}

main(process.argv.slice(2)).catch((error) => {
    console.error(`bench_duckdb: ${error.message}`);
    process.exitCode = 1;
});
