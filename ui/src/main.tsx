/** Starts the dashboard. */
import { render } from 'preact';
import { startHealth } from './data/health-now.ts';
import { startLive } from './data/live.ts';
import { startTheme } from './data/theme.ts';
import { App } from './frame/app.tsx';
import { startKeys } from './frame/keys.ts';
import './style/base.css';
import './style/frame.css';
import './style/parts.css';
import './style/fleet.css';

startTheme();
startKeys();
startLive();
startHealth();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
