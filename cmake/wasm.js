// SPDX-License-Identifier: MIT
// Run before a program's main(): getenv() then knows the environment of node.
Module['preRun'] = function () {
  Object.assign(ENV, process.env);
};
