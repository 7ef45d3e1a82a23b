import { render } from 'preact';
import { App } from './app.tsx';
import { start } from './store.ts';
import './styles.css';

const root = document.querySelector('#app');
if (root !== null) {
  render(<App />, root);
  start();
}
