// Loaded before Azurite (node --require). Azurite keeps its index in memory and saves it every 5 seconds, so a kill
// loses what it has acknowledged since. A quarter of a second keeps that loss as small as saving whole files permits.
"use strict";

const Loki = require("lokijs");

const SAVE_INTERVAL_MS = 250;
const enable = Loki.prototype.autosaveEnable;

Loki.prototype.autosaveEnable = function (options, callback) {
  this.autosaveInterval = SAVE_INTERVAL_MS;
  return enable.call(this, options, callback);
};
